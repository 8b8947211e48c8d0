"""Fields of the schema: the meaning, unit and range of a configuration key.

Fields have no defaults, since the values are in `conf/`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass(frozen=True)
class Allowed:
    """The valid values of a key.

    Attributes:
        doc: meaning of the key.
        unit: unit of its value.
        low: smallest valid number.
        above: valid numbers are greater than this.
        high: largest valid number.
        below: valid numbers are less than this.
        choices: the valid values, if there are only a few.
    """

    doc: str
    unit: str = ""
    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None
    choices: Collection[Any] = ()

    def accepts(self, value: object) -> bool:
        """Return True if `value`, or every element of a list, is in range. None counts as in range."""
        if value is None:
            return True
        if isinstance(value, (list, tuple)):
            return all(self.accepts(element) for element in value)
        if self.choices and value not in self.choices:
            return False
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return (
                math.isfinite(value)
                and (self.low is None or value >= self.low)
                and (self.above is None or value > self.above)
                and (self.high is None or value <= self.high)
                and (self.below is None or value < self.below)
            )
        return True

    def __str__(self) -> str:
        """Describe the range, such as `above 0 and below 1`; empty if there is none."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        bounds = [
            (self.low, "at least"),
            (self.above, "above"),
            (self.high, "at most"),
            (self.below, "below"),
        ]
        return " and ".join(f"{word} {_number(bound)}" for bound, word in bounds if bound is not None)


def _number(bound: float) -> str:
    """Format a bound, with large powers of two as `2^63` instead of `9.22337e+18`."""
    exponent = math.log2(bound) if bound >= 2**16 else 0.5
    return f"2^{exponent:g}" if exponent.is_integer() else f"{bound:g}"


def value(doc: str, **allowed: Any) -> Any:
    """Create a dataclass field with an `Allowed` in its metadata and no default."""
    return dataclasses.field(default=MISSING, metadata={"allowed": Allowed(doc, **allowed)})


def ranges(kind: Any) -> dict[str, Allowed]:
    """Return the `Allowed` of each field of a schema dataclass that has one."""
    return {f.name: f.metadata["allowed"] for f in dataclasses.fields(kind) if "allowed" in f.metadata}
