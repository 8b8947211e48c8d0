"""`stages.json`: the planned looks at a study that were taken, and the variants that each of them decided.

A look is taken once, when all of its runs have a result. It is read again, never repeated, whatever was interrupted.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ablate.files import bounded
from ablate.runs import json_file, study_plan
from ablate.runs.json_file import Count, Record
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.terminal.errors import InputError

FILE = "stages.json"
LARGEST = json_file.Limit(32 * bounded.MIB, 2**20)


class StageLook(Record, frozen=True, kw_only=True):
    """A planned look.

    Attributes:
        time: when it was taken.
        seeds: number of seeds of each variant that was looked at.
        decided: {variant: verdict} of the variants that it decided, which get no more seeds.
    """

    time: str
    seeds: Count
    decided: dict[str, str]


class StageLog(Record, frozen=True, kw_only=True):
    """The content of stages.json: the looks that were taken, the first one first."""

    schema: int = json_file.SCHEMA
    looks: list[StageLook]


def read(folder: Path, plan: StudyPlan) -> list[StageLook]:
    """The looks at a study that were taken; empty for a study without stages.

    Args:
        folder: of the study.
        plan: its plan.

    Raises:
        InputError: the file is not valid, or does not belong to the plan.
    """
    path = folder / FILE
    if not plan.stages or not path.is_file():
        return []
    advice = "Get a fresh copy; a look cannot be taken twice."
    looks = json_file.read(path, StageLog, "a study with stages", LARGEST, advice).looks
    variants = {run.variant for run in plan.runs} - {BASELINE}
    decided = [variant for look in looks for variant in look.decided]
    as_planned = [look.seeds for look in looks] == plan.stages[: len(looks)] and variants.issuperset(decided)
    if not as_planned or len(decided) != len(set(decided)):
        reason = "other stages or variants, or a variant that was decided twice"
        raise InputError(f"{path} does not belong to the plan in {folder}: {reason}. {advice}")
    return looks


def write(folder: Path, looks: Sequence[StageLook]) -> None:
    """Write stages.json into a study's folder, whole or not at all."""
    json_file.write(folder / FILE, StageLog(looks=list(looks)))


def looks_at(plan: StudyPlan, looks: Sequence[StageLook]) -> dict[str, int]:
    """{variant: number of looks taken at it}; the baseline is in all of them.

    Args:
        plan: a plan with stages.
        looks: those that were taken.
    """
    decided_at = {variant: number for number, look in enumerate(looks, 1) for variant in look.decided}
    return {run.variant: decided_at.get(run.variant, len(looks)) for run in plan.runs}


def is_finished(plan: StudyPlan, looks: Sequence[StageLook]) -> bool:
    """Whether no look is left: all were taken, or all variants are decided."""
    variants = {run.variant for run in plan.runs} - {BASELINE}
    return len(looks) == len(plan.stages) or variants <= {name for look in looks for name in look.decided}


def due(plan: StudyPlan, looks: Sequence[StageLook]) -> list[PlannedRun]:
    """The runs up to the next look, in the order of the plan; all runs of a study without stages.

    A decided variant has the seeds up to the look that decided it.

    Args:
        plan: of the study.
        looks: those that were taken.
    """
    if not plan.stages:
        return plan.runs
    seeds = _seeds(plan, looks)
    order = {seed: position for position, seed in enumerate(plan.seeds)}
    return [run for run in plan.runs if order[run.seed] < seeds[run.variant]]


def _seeds(plan: StudyPlan, looks: Sequence[StageLook]) -> Mapping[str, int]:
    """Number of seeds of each variant up to the next look."""
    decided = {variant: look.seeds for look in looks for variant in look.decided}
    last = looks[-1].seeds if looks and is_finished(plan, looks) else plan.stages[len(looks)]
    return {run.variant: decided.get(run.variant, last) for run in plan.runs}


def due_plan(folder: Path) -> StudyPlan:
    """The plan of the study in `folder` with the runs that are due; see `due`. InputError as of `study_plan.read`."""
    plan = study_plan.read(folder)
    return msgspec.structs.replace(plan, runs=due(plan, read(folder, plan)))
