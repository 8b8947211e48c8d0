"""Runs every `bash` block of README, CONTRIBUTING and docs/ and compares the output with the `text` block after it.

Blocks that need a cluster, a server or hours are marked `shell`. They look the same on the page and are not run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import apply_blocks, blocks, checkout, pages

pytestmark = pytest.mark.integration
LANGUAGES = {"bash", "shell", "text", "python", "yaml", "latex", "diff"}
PAGES = [page for page in pages() if any(block.language == "bash" for block in blocks(page))]
NUMBER = re.compile(r"[−+-]?\d[\d.,:_-]*")  # numbers depend on the machine and are not compared
MARK = "== block"


def test_readme_and_tutorial_have_only_blocks_that_are_run():
    count = {page.name: sum(block.language == "bash" for block in blocks(page)) for page in PAGES}
    assert count["README.md"] >= 7 and count["tutorial.md"] >= 10 and len(PAGES) >= 9, count
    for page in pages():
        languages = {block.language for block in blocks(page)}
        assert languages <= LANGUAGES, page
        assert page.name not in ("README.md", "tutorial.md") or "shell" not in languages, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_and_print_the_output_it_shows(page, tmp_path, photo_folder):
    root = checkout(tmp_path / "ablate")
    apply_blocks(page, root)
    shutil.copytree(photo_folder, root / "photos")
    commands = [block.text for block in blocks(page) if block.language == "bash"]
    outputs = run(commands, root)
    expected = list(expected_outputs(page))
    for number, text in expected:
        lines = [normalize(line) for line in outputs[number].splitlines()]
        for line in filter(str.strip, text.splitlines()):
            assert any(pattern(line).fullmatch(other) for other in lines), f"not printed: {line}\n{outputs[number]}"
    assert expected or page.name != "tutorial.md"


def run(commands: list[str], root: Path) -> list[str]:
    """Run commands in one shell until one fails; returns the output of each."""
    script = "set -e\n" + "".join(f"echo '{MARK}'\n{text}" for text in commands)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment |= {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.prefix) / 'bin'}:{os.defpath}"}
    command = ["bash", "-c", script]
    shell = subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    assert shell.returncode == 0, shell.stdout[-4000:]
    _, *outputs = shell.stdout.split(f"{MARK}\n")
    assert len(outputs) == len(commands)
    return outputs


def expected_outputs(page: Path) -> Iterator[tuple[int, str]]:
    """(number of the bash block, expected output) for each text block directly after a bash block."""
    number, previous = -1, ""
    for block in blocks(page):
        if block.language == "bash":
            number += 1
        elif block.language == "text" and previous == "bash":
            yield number, block.text
        previous = block.language


def normalize(line: str) -> str:
    """Replace numbers by `#` and runs of spaces by one."""
    return " ".join(NUMBER.sub("#", line).split())


def pattern(line: str) -> re.Pattern[str]:
    """A pattern for an expected line, in which `...` matches any text."""
    return re.compile(".*".join(re.escape(normalize(part)) for part in line.split("...")))
