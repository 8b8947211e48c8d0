"""Home folders, whose names are nobody's business, are not told."""

import re
from pathlib import Path

HOMES = r"/(?:home|Users)/[^/\s'\":,;]+"


def without_home(text: str) -> str:
    """The text with `~` for home folders, this user's and those of others below /home and /Users."""
    homes = {re.escape(str(home)) for home in (Path.home(), Path.home().resolve()) if home != Path("/")}
    return re.sub(rf"(?<![\w.~-])(?:{'|'.join([*homes, HOMES])})(?![\w.-])", "~", text)
