"""How the values of a study's metric are printed: unit, decimals, headers."""

import math
from dataclasses import dataclass

import pandas as pd

from ablate.analysis.formats import difference, number, spread
from ablate.runs.metric import ACCURACY, Metric

PERCENT_DIGITS = 2
MOST_DIGITS = 8


@dataclass(frozen=True)
class MetricFormat:
    """A metric and the decimals of its printed values.

    Attributes:
        metric: the metric.
        digits: decimals of means, standard deviations and differences.
    """

    metric: Metric
    digits: int = PERCENT_DIGITS

    @property
    def unit(self) -> str:
        """The unit with a no-break space before it: ` %`; empty for a number without one."""
        return f"\N{NO-BREAK SPACE}{self.metric.unit}" if self.metric.unit else ""

    @property
    def points(self) -> str:
        """The unit of differences with a space before it: ` points`."""
        return f" {self.metric.difference_unit}" if self.metric.unit else ""

    @property
    def in_parentheses(self) -> str:
        """The unit of differences for a header: ` (points)`; empty for a number without one."""
        return f" ({self.metric.difference_unit})" if self.metric.unit else ""

    @property
    def name(self) -> str:
        """The name of the metric, as in a sentence: `validation accuracy`."""
        return self.metric.label

    @property
    def title(self) -> str:
        """The name of the metric at the start of a header; a name of another app is unchanged."""
        label = self.metric.label
        return label if label == self.metric.name else label[:1].upper() + label[1:]

    @property
    def header(self) -> str:
        """The header of a column of values: `Validation accuracy (%)`."""
        return f"{self.title} ({self.metric.unit})" if self.metric.unit else self.title

    @property
    def difference_header(self) -> str:
        """The header of a column of differences: `Difference (points)`."""
        return f"Difference{self.in_parentheses}"

    @property
    def better(self) -> str:
        """Which direction is better, in a sentence."""
        return "higher is better" if self.metric.direction == "max" else "lower is better"

    def value(self, recorded: float) -> str:
        """A recorded value as printed, without its unit."""
        return number(self.metric.scale * recorded, self.digits)

    def spread(self, mean: float, sd: float) -> str:
        """Mean and standard deviation of recorded values as printed, without the unit: `93.10 ± 0.42`."""
        return spread(self.value(mean), self.value(sd))

    def change(self, difference: float) -> str:
        """A difference, which is in printed units already, with its sign."""
        return number(difference, self.digits, sign="+")

    def interval(self, mean: float, low: float, high: float) -> str:
        """A difference and its interval: `+1.20 [+0.40, +2.00]`."""
        return difference(mean, low, high, self.digits)

    def plain(self, value: float, sign: str = "+") -> str:
        """A difference for a sentence, with one decimal less than in tables, and its unit: `+1.2 points`."""
        return number(value, max(self.digits - 1, 0), sign) + self.points

    def bare(self, value: float) -> str:
        """As `plain`, without the unit."""
        return number(value, max(self.digits - 1, 0), "+")

    @property
    def margin(self) -> str:
        """The margin with its unit: `±1 points`; empty without an equivalence test."""
        return "" if self.metric.margin is None else f"±{self.metric.margin:g}{self.points}"


def metric_format(metric: Metric, effects: pd.DataFrame) -> MetricFormat:
    """The metric with as many decimals as show two digits of the median standard deviation, or of the median half-width
    of the confidence intervals where that is smaller; two in percent.

    Args:
        metric: that of the study.
        effects: frame of `effects`.
    """
    if metric.unit == "%":
        return MetricFormat(metric)
    half_widths = (effects["ci_high"] - effects["ci_low"]) / 2
    spreads = [metric.scale * effects["sd"].where(effects["sd"] > 0).median(), half_widths.median()]
    spread = min((one for one in spreads if one > 0), default=0.0)
    if not spread > 0:
        spread = metric.scale * effects["mean"].abs().median() / 100
    digits = 1 - math.floor(math.log10(spread)) if spread > 0 and math.isfinite(spread) else 4
    return MetricFormat(metric, min(max(digits, 0), MOST_DIGITS))


PERCENT = MetricFormat(ACCURACY)  # of validation accuracy
