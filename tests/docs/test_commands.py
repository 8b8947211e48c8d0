"""Every `bash` block of README and docs/ is run, page by page, and prints what the `text` block after it shows.

A block that needs a cluster, a server or hours is fenced as `shell`, which is shown alike and not run.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, pages

pytestmark = pytest.mark.integration
LANGUAGES = {"bash", "shell", "text", "python", "yaml", "latex", "diff"}
RUN = [page for page in pages() if any(block.language == "bash" for block in blocks(page))]
NUMBER = re.compile(r"[−+-]?\d[\d.,:_-]*")  # times and figures differ from machine to machine; words do not
MARK = "== block"


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A copy of this checkout whose .venv is the environment the tests run in, as after `make install`."""
    copy = tmp_path_factory.mktemp("user") / "ablate"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (copy / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (copy / ".venv/.installed").touch()
    return copy


@pytest.fixture
def place(checkout, photo_folder):
    """The checkout with fresh outputs and a folder of photographs."""
    shutil.rmtree(checkout / "outputs", ignore_errors=True)
    shutil.copytree(photo_folder, checkout / "photos", dirs_exist_ok=True)
    return checkout


def test_there_are_blocks_and_readme_and_tutorial_leave_none_out():
    count = {page.name: sum(block.language == "bash" for block in blocks(page)) for page in RUN}
    assert count["README.md"] >= 7 and count["tutorial.md"] >= 10 and len(RUN) >= 8, count
    for page in pages():
        languages = {block.language for block in blocks(page)}
        assert languages <= LANGUAGES, page
        assert page.name not in ("README.md", "tutorial.md") or "shell" not in languages, page


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page, place):
    commands = [block.text for block in blocks(page) if block.language == "bash"]
    for block in blocks(page):
        if block.title:
            (place / block.title).parent.mkdir(parents=True, exist_ok=True)
            (place / block.title).write_text(block.text)
    script = "set -e\n" + "".join(f"echo '{MARK} {number}'\n{text}" for number, text in enumerate(commands))
    settings = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    settings |= {"PYTHONPATH": str(place), "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.prefix) / 'bin'}:{os.defpath}"}
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=place,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    printed = ran.stdout.split(MARK)[1:]
    assert len(printed) == len(commands)
    told = list(shown(page))
    for number, text in told:
        for line in filter(str.strip, text.splitlines()):
            assert any(pattern(line).fullmatch(plain(other)) for other in printed[number].splitlines()), (
                f"{page.name} shows a line that its block {number} does not print: {line}\n{printed[number][-3000:]}"
            )
    assert told or page.name != "tutorial.md"


def shown(page: Path):
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


def pattern(line: str) -> re.Pattern:
    """A line as shown; `...` stands for anything."""
    return re.compile(".*".join(re.escape(plain(part)) for part in line.split("...")))
