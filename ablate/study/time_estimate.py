"""Estimate how long the remaining runs of a study take, from its finished runs."""

import math
import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ablate.study.status import PlannedState

NO_ESTIMATES: Mapping[str, float] = MappingProxyType({})
PROBE = "; `ablate plan --probe` measures one."


def estimate(
    variants: Sequence[str],
    states: Sequence[PlannedState],
    probed: Mapping[str, float] = NO_ESTIMATES,
    probe: bool = True,
) -> str:
    """State the time of the remaining runs without parallelism.

    Args:
        variants, states, probed: as for `expected_seconds`.
        probe: whether `ablate plan --probe` can measure it.
    """
    to_do = [variant for variant, state in zip(variants, states, strict=True) if not state.has_result]
    if not to_do:
        return "All done."
    seconds = expected_seconds(variants, states, probed)
    if seconds is None:
        return f"No time estimate until a run has finished{PROBE if probe else '.'}"
    return f"{len(to_do)} to do, about {duration(sum(seconds[variant] for variant in to_do))} in sequence."


def expected_seconds(
    variants: Sequence[str], states: Sequence[PlannedState], probed: Mapping[str, float]
) -> dict[str, float] | None:
    """Estimate the seconds per run of each variant.

    The estimate is the median of the finished runs of the variant, else its probed time, else the median over all
    variants.

    Args:
        variants: the variant of each planned run.
        states: the state of each planned run.
        probed: {variant: seconds} measured by `ablate plan --probe`.

    Returns:
        {variant: seconds}; None if no run has finished and nothing was probed.
    """
    seconds = {variant: [estimate] for variant, estimate in probed.items()}
    for variant, state in zip(variants, states, strict=True):
        total = state.total_seconds
        if total is not None and math.isfinite(total):  # a damaged record may have any number
            seconds.setdefault(variant, []).append(total)
    if not seconds:
        return None
    overall = [statistics.median(total for totals in seconds.values() for total in totals)]
    return {variant: statistics.median(seconds.get(variant, overall)) for variant in set(variants)}


def duration(seconds: float) -> str:
    """Format seconds: `45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
