"""An ablation path: from the baseline one change at a time, the largest loss first.

A greedy path as in Fawcett & Hoos (2016): each round runs every change that remains on its own, added to those made so
far, and keeps the one that loses most. With m changes this takes m (m + 1) / 2 + 1 variants, and does not assume that
effects add up. Which variants there are depends on results, so that the plan of the study grows round by round.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from ablate.evaluation import predicted_metrics
from ablate.runs import study_plan
from ablate.runs.study_plan import StudyPlan
from ablate.study.design import Factors, Variant, baseline
from ablate.study.fractions import FractionSettings
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

PATH = "path"  # name of the design


class PathSettings(FractionSettings, Protocol):
    """What a path needs of the settings of a study; see `StudySettings`."""

    @property
    def block(self) -> str | None:
        """The factor within each level of which variants are compared; a path cannot have one."""

    @property
    def stages(self) -> list[int]:
        """Numbers of seeds after which decided variants stop; a path cannot have them."""


def check(settings: PathSettings, factors: Factors) -> None:
    """Raise InputError for a factor that does not have two levels, and for settings that a path cannot have."""
    prefix = settings.prefix
    contradicting = {"exclude": settings.exclude, "block": settings.block, "stages": settings.stages}
    if names := [name for name, value in contradicting.items() if value]:
        raise InputError(f"{prefix}.{names[0]} cannot be combined with {prefix}.design={PATH}. Remove it.")
    if not factors:
        raise InputError(
            f"{prefix}.design={PATH} has no factors. List the two levels of each, the baseline's first, such as"
            " optimizer=adamw,sgd; or name a finished search to explain: ablate train study=explain study.of=FOLDER"
        )
    for factor, levels in factors.items():
        if len(levels) != 2:
            raise InputError(
                f"{prefix}.design={PATH} needs two levels of each factor, from and to, and {factor} has {len(levels)}:"
                f" {first_few(levels, 6)}. Type {factor}={','.join(levels[:2])}."
            )


def variants(factors: Factors, quality: Callable[[Variant], float | None]) -> Iterator[Variant]:
    """Yield the baseline, then the variants of each round, up to the first one whose results are incomplete.

    Args:
        factors: {factor: two levels}.
        quality: of a variant, larger is better; None: not known yet.
    """
    current, remaining = baseline(factors), list(factors)
    yield current
    while remaining:
        candidates = {factor: current | {factor: factors[factor][1]} for factor in remaining}
        yield from candidates.values()
        known = {factor: quality(variant) for factor, variant in candidates.items()}
        complete = {factor: value for factor, value in known.items() if value is not None}
        if len(complete) < len(known):
            return
        worst = min(complete, key=complete.__getitem__)  # the first of equals
        current = candidates[worst]
        remaining.remove(worst)


def qualities(folder: Path) -> Callable[[Variant], float | None]:
    """The mean of the metric of each variant of the study in a folder, with the sign that makes larger better.

    A variant with a diverged or pruned run is worse than all others. None for one with runs without a result.
    """
    if not (folder / study_plan.FILE).exists():
        return lambda variant: None
    plan = study_plan.read(folder)
    values: dict[tuple[tuple[str, str], ...], list[float | None]] = {}
    for run in plan.runs:
        state = planned_state(folder, run)
        value: float | None = -np.inf if state.has_result else None
        if state.status == "completed" and state.record:
            recorded = predicted_metrics.value(folder / run.folder, state.record, plan.metric.name)
            value = None if recorded is None else plan.metric.sign * recorded
        values.setdefault(_key(run.factors), []).append(value)
    means = {key: float(np.mean([v for v in known if v is not None])) if None not in known else None
             for key, known in values.items()}  # fmt: skip
    return lambda variant: means.get(_key(variant))


def _key(variant: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(variant.items()))


def grows(old: StudyPlan, new: StudyPlan) -> bool:
    """Whether a plan is that of the same path after further rounds, which needs no --extend."""
    return old.design == new.design == PATH and old.factors == new.factors and old.seeds == new.seeds


def describe(plan: StudyPlan) -> list[str]:
    """A line for `ablate plan` on the rounds that follow; empty for another design."""
    count = len(plan.factors)
    planned = len({run.variant for run in plan.runs})
    whole = count * (count + 1) // 2 + 1
    if plan.design != PATH or planned >= whole:
        return []
    return [f"Each round runs the changes that remain after the largest loss before: at most {whole} variants in all."]
