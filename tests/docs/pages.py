"""Documentation pages, their fenced code blocks, and a copy of the checkout in which to run them."""

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
    """A fenced code block: language, title (a file name) if it has one, text."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(language, title or None, text) for language, title, text in FENCE.findall(page.read_text())]


def pages() -> list[Path]:
    """README.md, CONTRIBUTING.md and the handwritten pages of docs/."""
    docs = ROOT / "docs"
    written = (page for page in sorted(docs.rglob("*.md")) if page.name not in GENERATED)
    reports = docs / "results"  # generated reports of studies
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(page for page in written if reports not in page.parents)]


def checkout(copy: Path) -> Path:
    """Copy this checkout, with the environment of the tests as its .venv, as after `make install`."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():  # ablate/analysis is a link
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    (copy / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (copy / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (copy / ".venv/.installed").touch()
    return copy


def apply_blocks(page: Path, root: Path) -> int:
    """Write the titled blocks of a page to files in a checkout and apply its diffs; returns how many there are."""
    count = 0
    for block in blocks(page):
        if block.title:
            (root / block.title).parent.mkdir(parents=True, exist_ok=True)
            (root / block.title).write_text(block.text)
        elif block.language == "diff":
            subprocess.run(["git", "apply", "-"], cwd=root, input=block.text, text=True, check=True)
        count += bool(block.title or block.language == "diff")
    return count
