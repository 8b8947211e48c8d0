"""Python values -> the words of `ablate train`: `optimizer.lr=0.1`, `seed=0,1,2`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from ablate.terminal.errors import InputError

# Text that Hydra reads as it stands; anything else, such as a number or null that is meant as text, is put in quotes.
PLAIN = re.compile(r"(?!(?:null|true|false|inf|nan)$)[a-z_/][\w./@%+:~-]*", re.ASCII | re.IGNORECASE)


def words(overrides: Iterable[str], settings: Mapping[str, Any]) -> list[str]:
    """What is typed after `ablate train`: the overrides as they are, then each setting as one.

    A list, a range or another iterable is a sweep over levels; a tuple is one value, which is a list.

    Raises:
        InputError: an override is a flag or no text; a setting has no levels, or a value that Hydra has no word for.
    """
    given = list(overrides)
    if wrong := [word for word in given if not isinstance(word, str) or word.startswith("-") or not word.strip()]:
        raise InputError(f"{wrong[0]!r} is no override; say key=value, as in train('data=digits', model='cnn').")
    return given + [f"{key}={','.join(levels(key, value))}" for key, value in settings.items()]


def levels(key: str, value: Any) -> list[str]:
    """The levels of a sweep; of a single value, that."""
    if not sweeps(value):
        return [text(value)]
    # Within a level, a list is as good as a tuple.
    found = [text(tuple(level) if isinstance(level, list) else level) for level in value]
    if not found:
        raise InputError(f"{key} has no levels; give at least one, or leave {key} out.")
    return found


def sweeps(value: Any) -> bool:
    """True for a list, a range, an array and the like."""
    return isinstance(value, Iterable) and not isinstance(value, (str, tuple, Mapping, PathLike))


def text(value: Any) -> str:
    """A value in Hydra's grammar."""
    value = value.item() if hasattr(value, "item") else value  # a number of NumPy's
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, PathLike)):
        return _quoted(str(fspath(value)))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quoted(str(key))}:{text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(text, value)) + "]"
    raise InputError(f"{value!r:.80} is a {type(value).__name__}, for which a configuration has no word.")


def _quoted(content: str) -> str:
    if PLAIN.fullmatch(content):
        return content
    # Hydra halves a backslash before a quote, and at the end, alone.
    escaped = re.sub(r"(\\*)('|$)", lambda m: 2 * m[1] + ("\\'" if m[2] else ""), content)
    return f"'{escaped}'"
