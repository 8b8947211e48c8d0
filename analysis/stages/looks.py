"""The planned looks at a study with stages: which of its runs they cover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ablate.analysis import stats
from ablate.analysis.variant_results import Seeds
from ablate.runs import stages
from ablate.runs.stages import StageLook
from ablate.runs.study_plan import StudyPlan


@dataclass(frozen=True)
class PlannedLooks:
    """The looks at a study.

    Attributes:
        seeds: those of each planned look, each with all of the look before.
        taken: {variant: number of looks taken at it}.
        verdicts: {variant: verdict} as the look that decided it recorded.
    """

    seeds: tuple[tuple[int, ...], ...]
    taken: Mapping[str, int]
    verdicts: Mapping[str, str] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of seeds at each planned look."""
        return tuple(map(len, self.seeds))

    @property
    def stopped(self) -> dict[str, int]:
        """{variant: index of the last look at it} of the variants that get no more seeds."""
        last = max(self.taken.values(), default=0)
        return {variant: count - 1 for variant, count in self.taken.items() if count < last}

    def seen(self, variant: str, until: int | None = None) -> tuple[int, ...]:
        """The seeds of the looks taken at a variant, of the first `until` looks at most; none without a look."""
        count = self.taken.get(variant, 0) if until is None else min(self.taken.get(variant, 0), until)
        return self.seeds[count - 1] if count else ()

    def covered(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The runs (frame of `collect`) that a look was taken at; a variant without a look keeps no run."""
        return runs[[seed in self.seen(name) for name, seed in zip(runs["variant"], runs["seed"], strict=True)]]

    def shared(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The runs of the seeds that the looks taken cover of every variant, whatever they decided."""
        fewest = min(self.taken.values(), default=0)
        return runs[runs["seed"].isin(self.seeds[fewest - 1] if fewest else ())]

    def differences(self, name: str, variant: Seeds, baseline: Seeds) -> list[stats.PairedDifference]:
        """The differences of a variant from the baseline at each look taken at it, over the seeds that both have."""
        paired = []
        for seeds in self.seeds[: self.taken.get(name, 0)]:
            shared = [seed for seed in seeds if seed in variant and seed in baseline]
            paired.append(stats.paired_difference([variant[s] for s in shared], [baseline[s] for s in shared]))
        return paired


def planned_looks(plan: StudyPlan, looks: Sequence[StageLook]) -> PlannedLooks | None:
    """The looks at a study that were taken; None for a study without stages."""
    if not plan.stages:
        return None
    seeds = tuple(tuple(plan.seeds[:size]) for size in plan.stages)
    return PlannedLooks(seeds, stages.looks_at(plan, looks), stages.decided(looks))


def of_study(folder: Path, plan: StudyPlan) -> PlannedLooks | None:
    """The looks at the study in `folder` that were taken; None for a study without stages."""
    return planned_looks(plan, stages.read(folder, plan)) if plan.stages else None
