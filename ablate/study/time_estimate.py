"""How long the runs of a study take, from those that have finished."""

import math
import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ablate.study.status import PlannedState

NOTHING: Mapping[str, float] = MappingProxyType({})


def estimate(variants: Sequence[str], states: Sequence[PlannedState], probed: Mapping[str, float] = NOTHING) -> str:
    """The time left if one run follows another, a sentence; arguments as for `expected`."""
    to_do = [variant for variant, state in zip(variants, states, strict=True) if not state.has_result]
    if not to_do:
        return "All done."
    seconds = expected(variants, states, probed)
    if seconds is None:
        return "No time estimate until a run has finished; `ablate plan --probe` measures one."
    return f"{len(to_do)} to do, about {duration(sum(seconds[variant] for variant in to_do))} one after another."


def expected(
    variants: Sequence[str], states: Sequence[PlannedState], probed: Mapping[str, float]
) -> dict[str, float] | None:
    """Seconds of a run, by variant, from the variant and the state of each planned run; None if nothing is known.

    The median of the variant's finished runs, else its `probed` seconds, else the median of all of these.
    """
    seconds = {variant: [guess] for variant, guess in probed.items()}
    for variant, state in zip(variants, states, strict=True):
        total = state.total_seconds
        if total is not None and math.isfinite(total):  # a record from elsewhere may have any number
            seconds.setdefault(variant, []).append(total)
    if not seconds:
        return None
    usual = [statistics.median(time for times in seconds.values() for time in times)]
    return {variant: statistics.median(seconds.get(variant, usual)) for variant in set(variants)}


def duration(seconds: float) -> str:
    """`45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
