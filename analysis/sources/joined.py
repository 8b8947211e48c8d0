"""Several studies -> one: their variants in one plan, where the baseline and the fixed settings agree."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from ablate.analysis import collect
from ablate.runs import study_plan
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.extend import listed, settings_changes
from ablate.study.status import planned_state
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

PARTS = ("name", "direction", "scale", "unit", "chance", "margin")  # of the metric, which must be equal


class Joined(NamedTuple):
    """Studies in one plan.

    Attributes:
        root: folder that the runs of the plan are below.
        home: folder of the report.
        plan: of all runs.
        notes: sentences on what was joined.
        studies: their folders.
    """

    root: Path
    home: Path
    plan: StudyPlan
    notes: list[str]
    studies: list[Path]


def join(folders: Sequence[Path]) -> Joined:
    """Join studies.

    A factor that one study lacks has the baseline's level in its runs. Of runs with equal configurations in two
    studies, which are mostly baselines, that of the study named first counts.

    Args:
        folders: of the studies, at least two.

    Raises:
        InputError: they differ in the metric, the baseline or a fixed setting; or one variant and seed has two
            configurations.
    """
    folders = [folder.resolve() for folder in folders]
    twice = first_few([str(folder) for folder in dict.fromkeys(folders) if folders.count(folder) > 1])
    if twice:
        raise InputError(f"{twice} is named more than once.")
    plans = [collect.read_plan(folder) for folder in folders]
    for folder, plan in zip(folders[1:], plans[1:], strict=True):
        _check_alike(folders[0], plans[0], folder, plan)
    root = Path(os.path.commonpath(folders))
    home = folders[0].parent / "+".join(folder.name for folder in folders)
    if (home / study_plan.FILE).exists():
        raise InputError(f"The report would be written to {home}, which is another study. Rename one of them.")
    baseline: dict[str, str] = {}
    for plan in plans:
        baseline = plan.baseline | baseline
    placed = [_placed(plan, folder.relative_to(root), baseline) for folder, plan in zip(folders, plans, strict=True)]
    runs, shared = _without_repeated(placed, root)
    note = f"Joined: {', '.join(folder.name for folder in folders)}."
    if shared:
        runs_are = plural(len(shared), "run is", "runs are")
        note += f" {runs_are} in more than one of them with equal configurations; the first of each counts."
    factors: dict[str, list[str]] = {}
    for plan in plans:
        for factor, levels in plan.factors.items():
            factors[factor] = list(dict.fromkeys([baseline[factor], *factors.get(factor, []), *levels]))
    designs = {plan.design for plan in plans}
    plan = replace(
        plans[0],
        name=home.name,
        design=designs.pop() if len(designs) == 1 else None,
        secondary=list(dict.fromkeys(name for plan in plans for name in plan.secondary)),
        baseline=baseline,
        factors=factors,
        seeds=sorted({seed for plan in plans for seed in plan.seeds}),
        command=" && ".join(plan.command for plan in plans),
        runs=runs,
        data_varies=any(study_plan.data_varies(plan) for plan in plans),
        margin_changes=[change for plan in plans for change in plan.margin_changes],
    )
    return Joined(root, home, plan, [note], folders)


def _check_alike(first: Path, one: StudyPlan, second: Path, other: StudyPlan) -> None:
    """Raise InputError that names the first difference of two studies that cannot be joined."""
    named = f"{first.name} and {second.name} cannot be joined"
    for part, text in (("stages", "stages"), ("block", "a block"), ("tuning", "tuned variants")):
        if with_part := [folder.name for folder, plan in ((first, one), (second, other)) if getattr(plan, part)]:
            raise InputError(f"{named}: {with_part[0]} has {text}.")
    if (one.app is None) != (other.app is None):
        raise InputError(f"{named}: one of them is a study of another app.")
    metric = [(f"metric.{part}", getattr(one.metric, part), getattr(other.metric, part)) for part in PARTS]
    baseline = [(name, one.baseline[name], other.baseline[name]) for name in one.baseline if name in other.baseline]
    for what, pairs in (("metrics", metric), ("baselines", baseline)):
        if changed := [pair for pair in pairs if pair[1] != pair[2]]:
            raise InputError(f"{named}, because their {what} differ: {_differences(changed)}.")
    if changed := settings_changes(first, one, other):
        raise InputError(f"{named}, because the settings of their baselines differ: {_differences(changed)}.")


def _differences(pairs: Sequence[tuple[str, object, object]]) -> str:
    return listed(pairs).replace(" was ", " is ").replace(", now ", " and ")


def _placed(plan: StudyPlan, place: Path, baseline: dict[str, str]) -> list[PlannedRun]:
    """The runs of a study with all factors, and with folders below the common one."""
    return [
        replace(
            run,
            factors=(factors := baseline | run.factors),
            variant=variant_name(factors, baseline),
            folder=(place / run.folder).as_posix(),
        )
        for run in plan.runs
    ]


def _without_repeated(studies: Sequence[Sequence[PlannedRun]], root: Path) -> tuple[list[PlannedRun], list[PlannedRun]]:
    """One run for each variant and seed, and those that repeat one; InputError if their configurations differ."""
    runs: dict[tuple[str, int], PlannedRun] = {}
    repeated = []
    for run in (run for study in studies for run in study):
        first = runs.setdefault((run.variant, run.seed), run)
        if first is run:
            continue
        if first.config_sha256 != run.config_sha256:
            raise InputError(
                f"{first.folder} and {run.folder} have the same variant and seed, but different configurations"
                f" (ablate diff shows them). The studies cannot be joined."
            )
        repeated.append(run)
        if not planned_state(root, first).has_result and planned_state(root, run).has_result:
            runs[run.variant, run.seed] = run
    return list(runs.values()), repeated
