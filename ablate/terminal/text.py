"""Text for people: names from files made safe to print, home folders hidden, the nearest known name."""

import getpass
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

ABSENT = "—"  # stands for what there is not
HOMES = r"/(?:home|Users)/[^/\s'\":,;]+"


def printable(text: str) -> str:
    """The text in one line, without what moves a terminal's cursor or is no text in any encoding."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def printable_lines(text: str) -> str:
    """The same of each line of a text."""
    return "\n".join(map(printable, text.splitlines()))


def without_home(text: str) -> str:
    """The text with `~` for home folders: this user's, those of others below /home and /Users, and any of this name."""
    return re.sub(rf"(?<![\w.~-])(?:{'|'.join([*_own(), HOMES, *_named()])})(?![\w.-])", "~", text)


def _own() -> set[str]:
    """Patterns of this user's home folder; none for a user that has none, as a number in a container may."""
    try:
        home = Path.home()
    except RuntimeError:
        return set()
    return {re.escape(str(place)) for place in (home, home.resolve()) if place != Path("/")}


def _named() -> list[str]:
    """A pattern of folders that are called as this user is, such as /scratch/ada; none for a name that many have."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number
        return []
    return [] if name == "root" else [rf"(?:/[\w.-]{{1,64}}){{0,8}}/{re.escape(name)}"]


def without_homes(content: Any) -> Any:
    """The same of all texts in nested dicts and lists, pictures by their MIME type aside."""
    if isinstance(content, dict):
        return {key: value if str(key).startswith("image/") else without_homes(value) for key, value in content.items()}
    if isinstance(content, list):
        return [without_homes(value) for value in content]
    return without_home(content) if isinstance(content, str) else content


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """` Did you mean NAME?` with the nearest of the known names; empty if none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]}?" if near else ""


def first_few(names: Iterable[object], most: int = 3) -> str:
    """`a, b, c and 2 more`: the first `most` names, and how many others there are."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{more}"
