"""The pages that a user reads, and what is in their fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```$', re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its title names, if any, and its text."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(language, title or None, text) for _, language, title, text in FENCE.findall(page.read_text())]


def pages() -> list[Path]:
    """README.md and every page of docs/ that is written by hand."""
    generated = {"configuration.md", "commands.md"}
    written = [p for p in sorted((ROOT / "docs").rglob("*.md")) if p.name not in generated]
    return [ROOT / "README.md", *(p for p in written if "results" not in p.relative_to(ROOT / "docs").parts[:-1])]
