"""The time left of a study, the same in `ablate plan`, `status` and `watch` and in the progress display."""

import math
import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ablate.runs.statuses import ENDED
from ablate.study.live_view import RunView
from ablate.terminal.text import duration

NO_ESTIMATES: Mapping[str, float] = MappingProxyType({})
PROBE = "; `ablate plan --probe` measures one"


def time_left(runs: Sequence[RunView], probed: Mapping[str, float] = NO_ESTIMATES, probe: bool = True) -> str:
    """State the time until the runs have a result, without a full stop.

    While runs are running, it is the time until the last one ends, with as many in parallel as now; a failed run is not
    retried then. Otherwise it is the time that the study's command takes if it runs one after another.

    Args:
        runs: the planned runs.
        probed: {variant: seconds} measured by `ablate plan --probe`.
        probe: whether `ablate plan --probe` can measure it.
    """
    running = [run for run in runs if run.status == "running"]
    to_do = [run for run in runs if not (run.status in ENDED if running else run.state.has_result)]
    if not to_do:
        return "all done"
    seconds = remaining_seconds(to_do, expected_seconds(runs, probed))
    if seconds is None and running:
        return "time left: unknown until the first epoch is done"
    if seconds is None:
        return f"{len(to_do):,} to do, no time estimate until a run has finished{PROBE if probe else ''}"
    if not running:
        return f"{len(to_do):,} to do, about {duration(sum(seconds))} in sequence"
    longest = max(seconds)  # one run is not parallelized
    parallel = f", {len(running)} in parallel" if len(running) > 1 else ""
    return f"about {duration(max(longest, sum(seconds) / len(running)))} left{parallel}"


def remaining_seconds(runs: Sequence[RunView], expected: Mapping[str, float] | None) -> list[float] | None:
    """Seconds left of each run: by its own epochs if it has any, else as expected; None if nothing is known."""
    if expected is None:
        return None
    return [expected[run.variant] if run.seconds_left is None else run.seconds_left for run in runs]


def expected_seconds(runs: Sequence[RunView], probed: Mapping[str, float]) -> dict[str, float] | None:
    """Estimate the seconds per run of each variant.

    The estimate is the median of the finished runs of the variant, else its probed time, else extrapolated from the
    epochs of its unfinished runs, else the median over all variants.

    Args:
        runs: the planned runs.
        probed: {variant: seconds} measured by `ablate plan --probe`.

    Returns:
        {variant: seconds}; None if no run has finished, none has an epoch, and nothing was probed.
    """
    started: dict[str, list[float]] = {}
    finished: dict[str, list[float]] = {}
    for run in runs:
        total = run.state.total_seconds
        if total is not None and math.isfinite(total):  # a damaged record may have any number
            finished.setdefault(run.variant, []).append(total)
        elif not run.state.has_result and run.epochs.seconds_per_epoch and run.planned:
            started.setdefault(run.variant, []).append(run.epochs.seconds_per_epoch * run.planned)
    known = started | {variant: [seconds] for variant, seconds in probed.items()} | finished
    if not known:
        return None
    overall = [statistics.median(total for totals in known.values() for total in totals)]
    return {variant: statistics.median(known.get(variant, overall)) for variant in {run.variant for run in runs}}
