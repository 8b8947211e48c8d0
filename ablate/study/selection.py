"""The runs of a study that are tested: those of the variant chosen by validation, and the baseline's."""

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
    "the variant with the highest mean validation accuracy, among those all of whose seeds completed; of its runs, the"
    " one to hand in is that with the highest"
)


def highest_mean(runs: Iterable[tuple[str, str, float]]) -> str | None:
    """The variant with the highest mean, the baseline included; of equal means, the first.

    Args:
        runs: (variant, status, validation accuracy) in the order of the plan. A variant with a diverged or pruned run
            is left out; runs without a result do not count.

    Returns:
        The variant; None if none can be chosen.
    """
    means = _means(runs)
    return max(means, key=means.__getitem__) if means else None


def _means(runs: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Mean validation accuracy of each variant that can be chosen, in the order of the plan."""
    rows = list(runs)
    lost = {variant for variant, status, _ in rows if status in ("diverged", "pruned")}
    values: dict[str, list[float]] = {}
    for variant, status, accuracy in rows:
        if status == "completed" and variant not in lost:
            values.setdefault(variant, []).append(accuracy)
    return {variant: statistics.fmean(accuracies) for variant, accuracies in values.items()}


@dataclass(frozen=True)
class Choice:
    """A study's `runs` to be tested, {variant: {seed: folder}}, the `chosen` variant first, then the baseline.

    `validation` has the accuracies (fractions), by folder; chosen `of` so many variants.
    """

    study: Path
    chosen: str
    runs: dict[str, dict[int, Path]]
    validation: dict[Path, float]
    of: int

    @property
    def best(self) -> dict[str, Path]:
        """Of each variant the run with the highest validation accuracy; the chosen one's is to be handed in."""
        return {variant: max(seeds.values(), key=self.validation.__getitem__) for variant, seeds in self.runs.items()}


def choose(study: Path, allow_partial: bool = False) -> Choice:
    """Choose by `RULE`, before a test label is read; of equals, what was planned first.

    All completed seeds of both variants are to be tested, since one seed says little about a variant. Runs without a
    result leave the choice open, and it should be made once: they are refused, unless `allow_partial`.

    Raises:
        InputError: `study` is not a study, it is incomplete, or no variant can be chosen.
    """
    plan = study_plan.read(study)
    planned, states = plan.runs, planned_states(study, plan)
    holes = sum(not state.has_result for state in states)
    if holes and not allow_partial:
        raise InputError(
            f"{holes} of the {len(planned)} planned runs of {study} have no result: what is best may still change."
            " Run the study again first, or say --allow-partial to choose among the finished runs."
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
    kept = {variant: runs[variant] for variant in dict.fromkeys((chosen, BASELINE)) if variant in runs}
    return Choice(Path(study), chosen, kept, validation, len(_means(ended)))


def _accuracy(folder: Path, state: PlannedState) -> float:
    accuracy = state.val_accuracy
    if accuracy is None or not 0 <= accuracy <= 1:
        raise InputError(f"{folder} is completed, but its val_accuracy is {accuracy}: nothing can be chosen by it.")
    return accuracy
