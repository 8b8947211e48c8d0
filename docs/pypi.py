"""The long description on PyPI: README.md without what works only next to the repository's files."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"^<img [^>]*>\n\n\*.*?\*\n\n", re.M | re.S)  # with its caption
ASIDE = re.compile(r"\s+\(\[[^\]]+\]\((?!https?:)[^)]+\)\)")  # such as ([how](docs/how-to/report.md))
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]+\)")


def description(readme: str) -> str:
    """README without pictures, and with links to files of the repository as plain text."""
    return LINK.sub(r"\1", ASIDE.sub("", PICTURE.sub("", readme)))


class Readme(MetadataHookInterface):
    """Hatchling calls this hook whenever it builds."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the long description."""
        text = description(Path(self.root, "README.md").read_text(encoding="utf-8"))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
