"""`ablate plan --power` of a study with stages: what each look can decide, and how many runs to expect."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import collect
from ablate.analysis.formats import significant
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.stats.expected_runs import expected_runs
from ablate.analysis.stats.stages import StagePlan
from ablate.analysis.variant_results import differences
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

ALPHA = 0.05
Expected = Sequence[Any]  # [difference, SD] of each variant in printed units


def preview(study: StudyPlan, folder: Path, expect: Expected = ()) -> list[str]:
    """The boundary of each look, and the expected number of runs.

    Args:
        study: a plan with stages.
        folder: of the study; if it has runs, the boundaries are also given in the metric's unit.
        expect: difference and SD of each variant, in the order of the plan; one pair stands for all.

    Raises:
        InputError: `expect` has another number of pairs than there are variants, or an SD that is not positive.
    """
    comparisons = len({run.variant for run in study.runs}) - 1
    plan = StagePlan(tuple(study.stages), comparisons, study.margin, ALPHA)
    shown = MetricFormat(study.metric)
    lines = boundaries(plan, _sd(study, folder), shown)
    return [*lines, *_expected(plan, expect, comparisons, shown)] if expect else lines


def boundaries(plan: StagePlan, sd: float | None, shown: MetricFormat) -> list[str]:
    """The smallest mean difference that each look decides, a line each, for one variant and for Holm's first step.

    Args:
        plan: the plan.
        sd: of the paired differences in printed units, if known.
        shown: how the metric is printed.
    """
    alone, first = (plan.looks_of().critical(level) for level in (plan.alpha, plan.alpha / plan.comparisons))
    largest = shown.metric.largest_difference
    unit = "SDs of the paired differences" if sd is None else f"{shown.points.strip() or 'units'} at an SD of {sd:.3g}"
    lines = [f"Smallest mean difference that is significant at each look, in {unit}:"]
    for size, *bounds in zip(plan.looks, alone, first, strict=True):
        texts = [_possible(float(bound) / size**0.5 * (sd or 1), sd and largest) for bound in bounds]
        lines.append(f"  after {size} seeds: {texts[0]} (one undecided variant left) to {texts[1]} (none decided yet)")
    return lines


def _possible(difference: float, largest: float | None) -> str:
    """A smallest difference as text; that none is large enough, where the largest possible one is smaller."""
    return "none possible" if largest is not None and difference > largest else significant(difference)


def _sd(study: StudyPlan, folder: Path) -> float | None:
    """The median SD of the paired differences so far in printed units; None without two runs of a variant."""
    if not (folder / "study.json").exists():
        return None
    runs = collect.collect(folder, collect.read_plan(folder))
    spread = differences(runs, study.metric).groupby(level="variant").std().median()
    return None if pd.isna(spread) or spread <= 0 else float(spread)


def _is_effect(pair: Any) -> bool:
    """Whether a value is [difference, SD], two numbers of which the second is positive."""
    if not isinstance(pair, Sequence) or len(pair) != 2:
        return False
    return all(isinstance(value, int | float) and math.isfinite(value) for value in pair) and pair[1] > 0


def _expected(plan: StagePlan, expect: Expected, comparisons: int, shown: MetricFormat) -> list[str]:
    """The expected number of runs for these effects."""
    if len(expect) not in (1, comparisons) or not all(map(_is_effect, expect)):
        raise InputError(
            f"hydra.sweeper.expect must be one pair [difference, SD], or {comparisons}, one per variant, with SDs above"
            " 0: hydra.sweeper.expect=[[-2,0.5]]"
        )
    pairs = [(float(mean), float(sd)) for mean, sd in (list(expect) * comparisons if len(expect) == 1 else expect)]
    result = expected_runs(plan, pairs)
    lines = [
        f"Expected: {result.runs:.0f} runs (90 % of studies: {result.low:.0f} to {result.high:.0f}) instead of"
        f" {result.fixed}, simulated for"
    ]
    for (mean, sd), seeds, decided in zip(pairs, result.seeds, result.decided, strict=True):
        lines.append(
            f"  {mean:+g}{shown.points} (SD {sd:g}): {plural(round(float(seeds)), 'seed')}, decided in"
            f" {100 * decided:.0f} % of studies"
        )
    return lines
