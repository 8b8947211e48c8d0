"""Model selection: the runs of a study that are evaluated on the test set, selected by the metric of the study."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ablate.evaluation import predicted_metrics
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.stages import due_plan
from ablate.runs.study_plan import BASELINE
from ablate.study.comparable import planned_states
from ablate.study.status import PlannedState
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number

RULE = "the variant with the best mean of the study's metric, among variants without diverged or pruned runs"


def highest_mean(runs: Iterable[tuple[str, str, float]], metric: Metric = ACCURACY) -> str | None:
    """Select the variant with the best mean of the metric (the lowest if it is minimized); of equal means, the first.

    Args:
        runs: (variant, status, value) in the order of the plan. Variants with a diverged or pruned run are excluded;
            runs without a result are ignored.
        metric: that of the study.

    Returns:
        The variant, possibly the baseline; None if there is no candidate.
    """
    means = _means(runs)
    return max(means, key=lambda variant: metric.sign * means[variant]) if means else None


def _means(runs: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Mean of the metric of each candidate, in the order of the plan."""
    rows = list(runs)
    excluded = {variant for variant, status, _ in rows if status in ("diverged", "pruned")}
    values: dict[str, list[float]] = {}
    for variant, status, accuracy in rows:
        if status == "completed" and variant not in excluded:
            values.setdefault(variant, []).append(accuracy)
    return {variant: statistics.fmean(accuracies) for variant, accuracies in values.items()}


@dataclass(frozen=True)
class Choice:
    """The runs of a study that are evaluated on the test set.

    study       folder of the study
    chosen      the selected variant
    runs        {variant: {seed: folder}} of the selected variant and the baseline
    metric      that of the study
    validation  {folder: recorded value of the metric}
    of          number of candidates from which the variant was selected
    other       {seed: folder} of the best variant but the baseline; empty if there is none
    """

    study: Path
    chosen: str
    runs: dict[str, dict[int, Path]]
    metric: Metric
    validation: dict[Path, float]
    of: int
    other: dict[int, Path] = field(default_factory=dict)

    @property
    def best(self) -> dict[str, Path]:
        """The best run of each variant by the metric. That of the selected variant is submitted."""

        def quality(folder: Path) -> float:
            return self.metric.sign * self.validation[folder]

        return {variant: max(seeds.values(), key=quality) for variant, seeds in self.runs.items()}


def choose(study: Path, allow_partial: bool = False) -> Choice:
    """Select a variant by `RULE`, without reading test labels; of equal variants, the first planned one.

    All completed seeds of the selected variant and the baseline are evaluated, because a single seed is too noisy.

    Args:
        study: folder of the study.
        allow_partial: select even if runs have no result, although the best variant may still change.

    Raises:
        InputError: `study` is not a study, is incomplete, or has no candidate.
    """
    plan = due_plan(study)
    planned, states = plan.runs, planned_states(study, plan)
    incomplete = sum(not state.has_result for state in states)
    if incomplete and not allow_partial:
        raise InputError(
            f"{incomplete} of the {len(planned)} planned runs of {study} {by_number(incomplete, 'has', 'have')} no"
            " result, so the best variant may still change. Run the study again to complete it, or use"
            " --allow-partial to select among the finished runs."
        )
    runs: dict[str, dict[int, Path]] = {}
    validation: dict[Path, float] = {}
    for run, state in zip(planned, states, strict=True):
        if state.status == "completed":
            folder = Path(study) / run.folder
            validation[folder] = value_of(folder, state, plan.metric)
            runs.setdefault(run.variant, {})[run.seed] = folder
    ended = [
        (run.variant, state.status, validation.get(Path(study) / run.folder, 0.0))
        for run, state in zip(planned, states, strict=True)
    ]
    chosen = highest_mean(ended, plan.metric)
    if chosen is None:
        raise InputError(
            f"No variant of {study} completed on all seeds, so none can be selected. Pass run folders instead."
        )
    selected = {variant: runs[variant] for variant in dict.fromkeys((chosen, BASELINE)) if variant in runs}
    others = [row for row in ended if row[0] != BASELINE]
    other = highest_mean(others, plan.metric)
    rest = runs[other] if other is not None else {}
    return Choice(Path(study), chosen, selected, plan.metric, validation, len(_means(ended)), rest)


def value_of(folder: Path, state: PlannedState, metric: Metric) -> float:
    """The metric of a completed run; InputError if it has none."""
    value = predicted_metrics.value(folder, state.record, metric.name) if state.record else None
    if value is None or not math.isfinite(value):
        raise InputError(f"{folder} is completed, but has no {metric.name}, by which variants are selected.")
    return value
