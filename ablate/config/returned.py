"""What the `_target_` of an option returned, if it is not what is expected."""

from typing import Any

from ablate.terminal.errors import InputError


def error(key: str, target: Any, value: Any, expected: str, when: str = "") -> InputError:
    """Return the error for a value of another type or shape.

    Args:
        key: of the option, such as loss.
        target: its `_target_`.
        value: what it returned.
        expected: what it must return, in words.
        when: in which call, if not in that of the `_target_`, such as "for logits and targets".
    """
    shape = getattr(value, "shape", None)
    kind = "None" if value is None else type(value).__name__
    size = "" if shape is None else f" of shape {tuple(shape)}"
    call = f": {when}" if when else ""
    return InputError(f"{key}._target_={target}{call} returned {kind}{size} instead of {expected}.")
