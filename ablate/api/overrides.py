"""Convert Python values to Hydra overrides: `optimizer.lr=0.1`, `seed=0,1,2`."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from ablate.config.quoting import quoted
from ablate.terminal.errors import InputError


def to_overrides(overrides: Iterable[str], settings: Mapping[str, Any]) -> list[str]:
    """Return the overrides for `ablate train`: those given as strings, then one per setting.

    Args:
        overrides: overrides as strings, unchanged.
        settings: {key: value}. A list, a range or another iterable is a sweep over levels; a tuple is one value that is
            a list.

    Raises:
        InputError: an override is not a string of the form key=value, a sweep has no levels, or a value cannot be
            written as an override.
    """
    strings = list(overrides)
    if invalid := [item for item in strings if not isinstance(item, str) or item.startswith("-") or not item.strip()]:
        raise InputError(f"Invalid override {invalid[0]!r}. Use key=value, as in train('data=digits', model='cnn').")
    return strings + [f"{key}={','.join(levels(key, value))}" for key, value in settings.items()]


def levels(key: str, value: Any) -> list[str]:
    """Format the levels of a sweep, or a single value."""
    if not is_sweep(value):
        return [text(value)]
    # A list within a sweep is a value, like a tuple.
    formatted = [text(tuple(level) if isinstance(level, list) else level) for level in value]
    if not formatted:
        raise InputError(f"{key} has no levels. Pass at least one, or omit {key}.")
    return formatted


def is_sweep(value: Any) -> bool:
    """True for a list, a range, an array and other iterables of levels."""
    return isinstance(value, Iterable) and not isinstance(value, (str, tuple, Mapping, PathLike))


def text(value: Any) -> str:
    """Format a value in Hydra's override grammar."""
    value = value.item() if hasattr(value, "item") else value  # NumPy scalars
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, PathLike)):
        return quoted(str(fspath(value)))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{quoted(str(key))}:{text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(text, value)) + "]"
    raise InputError(f"{value!r:.80} has type {type(value).__name__}, which overrides do not support.")
