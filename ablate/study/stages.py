"""Run a study stage by stage: after each planned look, decided variants get no more seeds."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from ablate.runs import stages, study_plan
from ablate.runs.stages import StageLook
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.study.status import planned_state
from ablate.terminal.text import by_number, first_few, plural

log = logging.getLogger(__name__)
# Returns {variant: verdict} of the variants that the look with this number (from 1) at the study in a folder decides.
Decide = Callable[[Path, int], dict[str, str]]
Launch = Callable[[Sequence[PlannedRun]], None]


def run(folder: Path, runs: Sequence[PlannedRun], launch: Launch, decide: Decide | None) -> None:
    """Launch the runs that are due, look at the results, and repeat until no look is left.

    Without stages, all runs are launched at once. A look waits until every run of its stage has a result, also those
    that failed.

    Args:
        folder: of the study, with its plan.
        runs: those of the command, which may be some of the plan's.
        launch: launches runs and waits for them.
        decide: which variants a look decides; None only for a study without stages.
    """
    named = {run.folder for run in runs}
    while True:
        plan = study_plan.read(folder)
        looks = stages.read(folder, plan)
        due = stages.due(plan, looks)
        launch([run for run in due if run.folder in named and not planned_state(folder, run).has_result])
        if not take_look(folder, len(looks) + 1, decide):
            return


def take_look(folder: Path, number: int, decide: Decide | None) -> bool:
    """Take a planned look, unless another process has taken it, or a run of it has no result.

    Args:
        folder: of the study.
        number: of the look, from 1.
        decide: as for `run`.

    Returns:
        Whether more runs are due after it.
    """
    plan = study_plan.read(folder)
    if not plan.stages:
        return False
    with FileLock(folder / f".{stages.FILE}.lock"):
        looks = stages.read(folder, plan)
        if stages.is_finished(plan, looks):
            return False
        if len(looks) >= number:
            return True
        waiting = [run.folder for run in stages.due(plan, looks) if not planned_state(folder, run).has_result]
        if waiting:
            log.warning(
                "Stage %d of %d is not complete: no result for %s. Repeat the command to retry. If a run cannot"
                " succeed, start a new study without its variant.",
                number, len(plan.stages), first_few(waiting),
            )  # fmt: skip
            return False
        assert decide is not None  # the sweepers of studies with stages pass it
        decided = decide(folder, number)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        looks.append(StageLook(time=time, seeds=plan.stages[number - 1], decided=decided))
        stages.write(folder, looks)
    variants = {run.variant for run in plan.runs} - {BASELINE}
    left = len(variants) - sum(len(look.decided) for look in looks)
    log.info(
        "Stage %d of %d (%d seeds): %s",
        number, len(plan.stages), looks[-1].seeds, _summary(decided, left, stages.is_finished(plan, looks)),
    )  # fmt: skip
    return not stages.is_finished(plan, looks)


def progress(plan: StudyPlan, looks: Sequence[StageLook]) -> str:
    """The stages of a study and how many looks were taken, in a sentence."""
    variants = {run.variant for run in plan.runs} - {BASELINE}
    decided = sum(len(look.decided) for look in looks)
    steps = ", ".join(map(str, plan.stages))
    if not looks:
        fewest = sum(run.seed in plan.seeds[: plan.stages[0]] for run in plan.runs)
        return f"Stages: looks after {steps} seeds, {fewest} to {plural(len(plan.runs), 'run')}."
    ended = " No look is left." if stages.is_finished(plan, looks) else ""
    taken = f"{len(looks)} of the looks after {steps} seeds taken"
    return f"Stages: {taken}, {decided} of {plural(len(variants), 'variant')} decided.{ended}"


def _summary(decided: dict[str, str], left: int, finished: bool) -> str:
    """What a look decided, and what follows."""
    texts = [f"{variant}: {verdict}" for variant, verdict in decided.items()]
    now = first_few(texts, 5) if texts else "no variant decided"
    if not left:
        return f"{now}. All variants are decided."
    rest = plural(left, "variant is undecided", "variants are undecided")
    return f"{now}. {rest}{'' if finished else by_number(left, ' and continues', ' and continue')}."
