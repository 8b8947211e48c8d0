"""Home folders, whose names are nobody's business, are not told."""

import re
from pathlib import Path
from typing import Any

HOMES = r"/(?:home|Users)/[^/\s'\":,;]+"


def without_home(text: str) -> str:
    """The text with `~` for home folders, this user's and those of others below /home and /Users."""
    homes = {re.escape(str(home)) for home in (Path.home(), Path.home().resolve()) if home != Path("/")}
    return re.sub(rf"(?<![\w.~-])(?:{'|'.join([*homes, HOMES])})(?![\w.-])", "~", text)


def without_homes(content: Any) -> Any:
    """The same of all texts in nested dicts and lists, pictures by their MIME type aside."""
    if isinstance(content, dict):
        return {key: value if str(key).startswith("image/") else without_homes(value) for key, value in content.items()}
    if isinstance(content, list):
        return [without_homes(value) for value in content]
    return without_home(content) if isinstance(content, str) else content
