"""Model selection: the runs of a study that are evaluated on the test set, selected by validation accuracy."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE
from ablate.study.comparable import planned_states
from ablate.study.status import PlannedState
from ablate.terminal.errors import InputError

RULE = (
    "the variant with the highest mean validation accuracy, among variants without diverged or pruned runs; the"
    " submitted run is its best seed"
)


def highest_mean(runs: Iterable[tuple[str, str, float]]) -> str | None:
    """Select the variant with the highest mean validation accuracy; of equal means, the first one.

    Args:
        runs: (variant, status, validation accuracy) in the order of the plan. Variants with a diverged or pruned run
            are excluded; runs without a result are ignored.

    Returns:
        The variant, possibly the baseline; None if there is no candidate.
    """
    means = _means(runs)
    return max(means, key=means.__getitem__) if means else None


def _means(runs: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Mean validation accuracy of each candidate, in the order of the plan."""
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
    validation  {folder: validation accuracy}, fractions
    of          number of candidates from which the variant was selected
    """

    study: Path
    chosen: str
    runs: dict[str, dict[int, Path]]
    validation: dict[Path, float]
    of: int

    @property
    def best(self) -> dict[str, Path]:
        """The run with the highest validation accuracy of each variant. That of the selected variant is submitted."""
        return {variant: max(seeds.values(), key=self.validation.__getitem__) for variant, seeds in self.runs.items()}


def choose(study: Path, allow_partial: bool = False) -> Choice:
    """Select a variant by `RULE`, without reading test labels; of equal variants, the first planned one.

    All completed seeds of the selected variant and the baseline are evaluated, because a single seed is too noisy.

    Args:
        study: folder of the study.
        allow_partial: select even if runs have no result, although the best variant may still change.

    Raises:
        InputError: `study` is not a study, is incomplete, or has no candidate.
    """
    plan = study_plan.read(study)
    planned, states = plan.runs, planned_states(study, plan)
    incomplete = sum(not state.has_result for state in states)
    if incomplete and not allow_partial:
        raise InputError(
            f"{incomplete} of the {len(planned)} planned runs of {study} have no result, so the best variant may still"
            " change. Run the study again to complete it, or use --allow-partial to select among the finished runs."
        )
    runs: dict[str, dict[int, Path]] = {}
    validation: dict[Path, float] = {}
    for run, state in zip(planned, states, strict=True):
        if state.status == "completed":
            folder = Path(study) / run.folder
            validation[folder] = _accuracy(folder, state)
            runs.setdefault(run.variant, {})[run.seed] = folder
    ended = [
        (run.variant, state.status, validation.get(Path(study) / run.folder, 0.0))
        for run, state in zip(planned, states, strict=True)
    ]
    chosen = highest_mean(ended)
    if chosen is None:
        raise InputError(
            f"No variant of {study} completed on all seeds, so none can be selected. Pass run folders instead."
        )
    selected = {variant: runs[variant] for variant in dict.fromkeys((chosen, BASELINE)) if variant in runs}
    return Choice(Path(study), chosen, selected, validation, len(_means(ended)))


def _accuracy(folder: Path, state: PlannedState) -> float:
    accuracy = state.val_accuracy
    if accuracy is None or not 0 <= accuracy <= 1:
        raise InputError(f"{folder} is completed, but its val_accuracy is {accuracy}, expected a number from 0 to 1.")
    return accuracy
