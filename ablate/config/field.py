"""What a configuration key may hold: its meaning, unit and range, kept beside its type.

The values themselves are in `conf/`; a schema field has none, so that each number stands in one place.
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
    """The values a key accepts. `low`/`high` are inclusive, `above`/`below` exclusive."""

    doc: str
    unit: str = ""
    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None
    choices: Collection[Any] = ()

    def accepts(self, value: object) -> bool:
        """True if `value` (or, for a list, every element) lies in the range; None is judged by the type alone."""
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
        """The range in words, such as `above 0 and below 1`; empty where the type is the only limit."""
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
    """A bound as people write it: a power of two, such as a seed's, is no `9.22337e+18`."""
    exponent = math.log2(bound) if bound >= 2**16 else 0.5
    return f"2^{exponent:g}" if exponent.is_integer() else f"{bound:g}"


def value(doc: str, **allowed: Any) -> Any:
    """A dataclass field without a default whose metadata says what it means and may hold."""
    return dataclasses.field(default=MISSING, metadata={"allowed": Allowed(doc, **allowed)})


def ranges(kind: Any) -> dict[str, Allowed]:
    """What each field of a dataclass of the schema may hold, for those that declare it."""
    return {f.name: f.metadata["allowed"] for f in dataclasses.fields(kind) if "allowed" in f.metadata}
