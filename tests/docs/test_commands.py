"""Every `bash` block of README, CONTRIBUTING and docs/ is run, and prints what the `text` block after it shows.

A block that needs a cluster, a server or hours is fenced as `shell`, which looks alike and is not run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import blocks, checkout, pages, put

pytestmark = pytest.mark.integration
LANGUAGES = {"bash", "shell", "text", "python", "yaml", "latex", "diff"}
RUN = [page for page in pages() if any(block.language == "bash" for block in blocks(page))]
NUMBER = re.compile(r"[−+-]?\d[\d.,:_-]*")  # times and figures differ from machine to machine; words do not
MARK = "== block"


def test_there_are_blocks_and_readme_and_tutorial_leave_none_out():
    count = {page.name: sum(block.language == "bash" for block in blocks(page)) for page in RUN}
    assert count["README.md"] >= 7 and count["tutorial.md"] >= 10 and len(RUN) >= 9, count
    for page in pages():
        languages = {block.language for block in blocks(page)}
        assert languages <= LANGUAGES, page
        assert page.name not in ("README.md", "tutorial.md") or "shell" not in languages, page


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page, tmp_path, photo_folder):
    place = checkout(tmp_path / "ablate")
    put(page, place)
    shutil.copytree(photo_folder, place / "photos")
    commands = [block.text for block in blocks(page) if block.language == "bash"]
    printed = run(commands, place)
    told = list(shown(page))
    for number, text in told:
        lines = [plain(line) for line in printed[number].splitlines()]
        for line in filter(str.strip, text.splitlines()):
            assert any(pattern(line).fullmatch(other) for other in lines), f"not printed: {line}\n{printed[number]}"
    assert told or page.name != "tutorial.md"


def run(commands: list[str], place: Path) -> list[str]:
    """What each of the commands prints, run one after another in one shell, until one fails."""
    script = "set -e\n" + "".join(f"echo '{MARK}'\n{text}" for text in commands)
    settings = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    settings |= {"PYTHONPATH": str(place), "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.prefix) / 'bin'}:{os.defpath}"}
    command = ["bash", "-c", script]
    ran = subprocess.run(
        command, cwd=place, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    _, *printed = ran.stdout.split(f"{MARK}\n")
    assert len(printed) == len(commands)
    return printed


def shown(page: Path) -> Iterator[tuple[int, str]]:
    """(number of the bash block, what the page shows of its output) for each text block right after a bash block."""
    number, before = -1, ""
    for block in blocks(page):
        if block.language == "bash":
            number += 1
        elif block.language == "text" and before == "bash":
            yield number, block.text
        before = block.language


def plain(line: str) -> str:
    return " ".join(NUMBER.sub("#", line).split())


def pattern(line: str) -> re.Pattern[str]:
    """A line as shown; `...` stands for anything."""
    return re.compile(".*".join(re.escape(plain(part)) for part in line.split("...")))
