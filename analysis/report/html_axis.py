"""Values on an axis of a picture in report.html."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """The values from `low` to `high` on the pixels from `start` to `end`.

    Attributes:
        log: whether the axis is logarithmic.
        most: number of ticks that there is space for.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    most: int = 5

    def _on(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def at(self, value: float) -> float:
        """The position of a value in pixels; of a value beyond an end, the end."""
        value = min(max(value, self.low), self.high)
        share = (self._on(value) - self._on(self.low)) / (self._on(self.high) - self._on(self.low))
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round numbers on the axis; of a logarithmic one, powers of ten."""
        low, high = self._on(self.low), self._on(self.high)
        decade = 10.0 ** math.floor(math.log10(high - low))
        for step in (factor * decade for factor in (0.1, 0.2, 0.5, 1, 2, 5)):
            step = max(1.0, round(step)) if self.log else step
            known = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
            if len(known) <= self.most:
                break
        return [10.0 ** (step * k) if self.log else step * k for k in known]


def padded(values: list[float], start: float, end: float, log: bool = False) -> Axis:
    """The axis of some values, with space beyond the smallest and the largest.

    Args:
        values: at least one.
        start: pixels.
        end: pixels.
        log: make it logarithmic if the values are positive.
    """
    low, high = min(values), max(values)
    if log and low > 0:
        edge = (high / low) ** 0.05 if high > low else 1.1
        return Axis(low / edge, high * edge, start, end, log=True)
    edge = 0.05 * (high - low) or abs(high) * 0.05 or 1.0
    return Axis(low - edge, high + edge, start, end)
