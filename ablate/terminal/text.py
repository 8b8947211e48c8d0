"""Text for every output: unprintable characters escaped, home folders hidden, long lists shortened, typos corrected."""

import getpass
import os
import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

ABSENT = "—"  # shown in place of a value that does not exist
HOMES = r"/(?:home|Users)/[^/\s'\":,;]+"
USER_VARIABLES = ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME")  # which pathlib and getpass read


JOINERS = "\u200b\u200c\u200d"  # invisible, but part of words in Persian and Thai, and of emoji


def printable(text: str) -> str:
    r"""Escape what could move a cursor, reorder text or break a file: control characters, line breaks, marks of
    writing direction, lone surrogates. ESC becomes `\x1b`. Everything that shows text applies it first.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """Apply `printable` to each line of `text`."""
    return "\n".join(map(printable, text.splitlines()))


def _escaped(char: str) -> str:
    shown = char.isprintable() or char in JOINERS or unicodedata.category(char) == "Zs"
    return char if shown else char.encode("unicode_escape").decode()


def shortened(text: str, longest: int) -> str:
    """Replace the middle of a text that has more than `longest` characters by `…`."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def duration(seconds: float) -> str:
    """Format seconds: `45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun, and more that agrees with it: `1 seed`, `1,024 seeds`, `2 classes have`.

    Args:
        count: the number.
        one: what follows 1, such as `class has`.
        many: what follows any other number; by default `one` with an `s`.
    """
    return f"{count:,} {by_number(count, one, f'{one}s' if many is None else many)}"


def by_number(count: int, one: str, many: str) -> str:
    """The form of a word that agrees with a count: `by_number(count, "has", "have")`."""
    return one if count == 1 else many


def first_few(names: Iterable[object], limit: int = 5, separator: str = ", ") -> str:
    """Join the first `limit` names and count the others: `a, b and 3 others`."""
    texts = [str(name) for name in names]
    others = len(texts) - limit
    more = f" and {plural(others, 'other')}" if others > 0 else ""
    return separator.join(texts[:limit]) + more


def without_home(text: str) -> str:
    """Replace home folders by `~`: this user's, all below /home and /Users, and any folder with this user's name."""
    return _home_folders(*map(os.environ.get, USER_VARIABLES)).sub("~", text)


@cache
def _home_folders(*variables: str | None) -> re.Pattern[str]:
    """The pattern of home folders, compiled once for each value of the environment `variables` that name the user."""
    patterns = [*_home_patterns(), HOMES, *_user_name_patterns()]
    return re.compile(rf"(?<![\w.~-])(?:{'|'.join(patterns)})(?![\w.-])")


def _home_patterns() -> set[str]:
    """Patterns of this user's home folder; none if there is no home, as for a numeric user in a container."""
    try:
        home = Path.home()
    except RuntimeError:
        return set()
    return {re.escape(str(path)) for path in (home, home.resolve()) if path != Path("/")}


def _user_name_patterns() -> list[str]:
    """A pattern of folders with this user's name, such as /scratch/ada; none for root, a name that is not personal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a numeric user in a container has no name; Windows has no `pwd`
        return []
    return [] if name == "root" else [rf"(?:/[\w.-]{{1,64}}){{0,8}}/{re.escape(name)}"]


def without_homes(content: Any) -> Any:
    """Apply `without_home` to all strings in nested dicts and lists, except images stored under their MIME type."""
    if isinstance(content, dict):
        return {key: value if str(key).startswith("image/") else without_homes(value) for key, value in content.items()}
    if isinstance(content, list):
        return [without_homes(value) for value in content]
    return without_home(content) if isinstance(content, str) else content


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6, prefix: str = "") -> str:
    """Suggest the nearest known name: ` Did you mean NAME?`, or an empty string if none is near.

    Args:
        word: the name as typed.
        known: the valid names.
        cutoff: least similarity of a suggestion, from 0 (anything) to 1 (equal).
        prefix: put before the suggested name.
    """
    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {prefix}{near[0]}?" if near else ""
