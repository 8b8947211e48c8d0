"""The pages that a user reads, what is in their fenced blocks, and a checkout to try it in."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"configuration.md", "commands.md"}
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its title names, if any, and its text."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(language, title or None, text) for language, title, text in FENCE.findall(page.read_text())]


def pages() -> list[Path]:
    """README.md, CONTRIBUTING.md and every page of docs/ that is written by hand."""
    docs = ROOT / "docs"
    written = (page for page in sorted(docs.rglob("*.md")) if page.name not in GENERATED)
    reports = docs / "results"  # a study's own report, its tables
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(page for page in written if reports not in page.parents)]


def checkout(copy: Path) -> Path:
    """A copy of this checkout whose .venv is the environment the tests run in, as after `make install`."""
    listing = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():  # ablate/analysis is a link
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    (copy / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (copy / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (copy / ".venv/.installed").touch()
    return copy


def put(page: Path, place: Path) -> int:
    """Write the files whose names and contents a page shows into a checkout, and apply its diffs; how many."""
    count = 0
    for block in blocks(page):
        if block.title:
            (place / block.title).parent.mkdir(parents=True, exist_ok=True)
            (place / block.title).write_text(block.text)
        elif block.language == "diff":
            subprocess.run(["git", "apply", "-"], cwd=place, input=block.text, text=True, check=True)
        count += bool(block.title or block.language == "diff")
    return count
