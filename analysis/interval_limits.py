"""The limits of an axis with intervals: a few wide intervals do not set them, and are cut off with an arrow."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ablate.analysis.variant_results import differences
from ablate.runs.metric import Metric

REACH = 3  # times the median half-width: intervals up to this length are always drawn in full

Floats = npt.NDArray[np.float64]


def of_effects(effects: pd.DataFrame, runs: pd.DataFrame, metric: Metric) -> tuple[float, float]:
    """The limits of the differences from the baseline, the same in PDF and HTML: all seeds, zero and the margin.

    Args:
        effects: frame of `effects`, with all variants of the study, also those that a figure leaves out.
        runs: frame of `collect`.
        metric: what is compared, with the margin.
    """
    margin = metric.margin or 0.0
    means, low, high = (effects[name].to_numpy(float) for name in ("difference", "ci_low", "ci_high"))
    return limits(means, low, high, np.array([*differences(runs, metric), 0, margin, -margin]))


def limits(means: Floats, low: Floats, high: Floats, points: Floats) -> tuple[float, float]:
    """Limits that contain all means and points, and of each interval at least `REACH` median half-widths.

    Args:
        means: one per row; NaN where it is unknown.
        low: lower ends of the intervals by row, NaN where there is none.
        high: upper ends.
        points: further values that must be visible.
    """
    half = (high - low) / 2
    known = half[np.isfinite(half)]
    reach = REACH * float(np.quantile(known, 0.5, method="lower")) if len(known) else 0.0
    ends = [np.fmax(low, means - reach), np.fmin(high, means + reach), means, points]
    shown = np.concatenate([part[np.isfinite(part)] for part in ends])
    if not len(shown):
        return -1.0, 1.0
    edge = 0.04 * float(np.ptp(shown)) or 1.0
    return float(shown.min()) - edge, float(shown.max()) + edge
