"""The table of `ablate plan` and `ablate status`: number of runs per variant and status."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ablate.runs import epochs
from ablate.runs import stages as stages_log
from ablate.runs.statuses import RESULTS, WITHOUT_RESULT
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import aliases, path, retune, slurm_queue, stages
from ablate.study.comparable import comparable
from ablate.study.extend import extended
from ablate.study.live_view import NO_EPOCHS, RunView, per_epoch, read_epochs
from ablate.study.status import PlannedState, planned_state
from ablate.study.time_estimate import NO_ESTIMATES, time_left
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

UNFINISHED = ("running", "interrupted")


def preview(
    study: StudyPlan,
    folder: Path,
    extend: bool,
    retrain: bool,
    probe: Callable[[Sequence[PlannedRun]], Mapping[str, float]] = lambda runs: NO_ESTIMATES,
) -> None:
    """Print the table of a planned study. Writes nothing.

    Args:
        study: the plan.
        folder: of the study.
        extend, retrain: as for the sweep.
        probe: returns {variant: seconds per run} for runs of variants without a finished run.

    Raises:
        InputError: the folder contains another study.
    """
    whole = extended(folder, study, extend, retrain)
    finished = {run.variant for run in study.runs if planned_state(folder, run).has_result}
    Console().print(table(folder, study, probe([run for run in study.runs if run.variant not in finished])))
    for line in [*aliases.describe(whole), *path.describe(whole), *retune.describe(study)]:
        Console().print(Text(line))


def table(folder: Path, study: StudyPlan, probed: Mapping[str, float] = NO_ESTIMATES) -> Group:
    """Draw the status table.

    Args:
        folder: folder of the study.
        study: its plan.
        probed: {variant: seconds per run} of variants without a finished run.
    """
    whole, looks = study, stages_log.read(folder, study)
    study = msgspec.structs.replace(study, runs=stages_log.due(study, looks))
    states = [planned_state(folder, run) for run in study.runs]
    counts: dict[str, Counter[str]] = {}
    for run, state in zip(study.runs, comparable(folder, study, states), strict=True):
        counts.setdefault(run.variant, Counter())[state.status] += 1
    title = f"Study {study.name}, design {study.design}, seeds {_seeds(study.seeds)}"
    views = [_view(folder, run, state) for run, state in zip(study.runs, states, strict=True)]
    left = time_left(views, probed, probe=study.app is None)
    total = f"{plural(len(states), 'run')} of {plural(len(counts), 'variant')}: {left}."
    unfinished = [
        Text(f"{run.folder}  {_progress(state.status, folder / run.folder, study)}")
        for run, state in zip(study.runs, states, strict=True)
        if state.status in UNFINISHED
    ]
    queued = [Text(line)] if (line := slurm_queue.summary(folder)) else []
    staged = [Text(stages.progress(whole, looks))] if study.stages else []
    return Group(Text(title), _counts(counts), *unfinished, *queued, *staged, Text(total))


def _view(folder: Path, run: PlannedRun, state: PlannedState) -> RunView:
    """A run with the epochs that it has done, if it is unfinished."""
    planned = state.record.planned_epochs if state.record else None
    path = folder / run.folder / epochs.FILE
    epochs_so_far = read_epochs(path, planned) if state.status in UNFINISHED else NO_EPOCHS
    return RunView(run.variant, run.seed, run.folder, state, epochs_so_far, [])


def _counts(counts: Mapping[str, Counter[str]]) -> Table:
    """One row per variant, one column per status that occurs."""
    totals = sum(counts.values(), Counter[str]())
    columns = [status for status in (*RESULTS, *WITHOUT_RESULT) if totals[status]]
    result = Table(box=SIMPLE_HEAD, show_footer=True)
    result.add_column("variant", footer="all", overflow="fold")
    for status in columns:
        result.add_column(status, footer=str(totals[status]), justify="right")
    for variant, count in counts.items():
        result.add_row(Text(variant), *(str(count[status] or "") for status in columns))
    return result


def _progress(status: str, folder: Path, study: StudyPlan) -> str:
    """Format the progress of a running or interrupted run: `interrupted after epoch 3, validation accuracy 61.5 %`."""
    try:
        table = epochs.read(folder / epochs.FILE)
        shown = per_epoch(study.metric)
        epoch = f"epoch {table['epoch'][-1]:.0f}, {shown.label} {shown.text(table[shown.name][-1])}"
        return epoch if status == "running" else f"{status} after {epoch}"
    except (InputError, IndexError, KeyError):  # not written yet
        if study.app is not None:  # it need not have epochs
            return status
        return "started" if status == "running" else f"{status} in its first epoch"


def _seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) <= 10 else f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
