"""The status table of a study: `ablate plan` before anything is started, `ablate status STUDY` after."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ablate.runs import epochs
from ablate.runs.statuses import RESULTS, WITHOUT_RESULT
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.comparable import comparable
from ablate.study.extend import extended
from ablate.study.status import planned_state
from ablate.study.time_estimate import NOTHING, estimate
from ablate.terminal.errors import InputError


def preview(study: StudyPlan, config: DictConfig, probe: Callable[[Sequence[PlannedRun]], Mapping[str, float]]) -> None:
    """Print the plan as `status` would, the study's folder being what it is now; nothing is written.

    `probe` measures seconds of a run, by variant, of variants that have no finished run.

    Raises:
        InputError: the folder holds another study.
    """
    folder = Path(config.hydra.sweep.dir)
    extended(folder, study, config.study.extend, config.study.retrain)
    timed = {run.variant for run in study.runs if planned_state(folder, run).has_result}
    Console().print(table(folder, study, probe([run for run in study.runs if run.variant not in timed])))


def table(folder: Path, study: StudyPlan, probed: Mapping[str, float] = NOTHING) -> Group:
    """One row per variant: how many of its runs have each status; below, all of them and the time that is left."""
    states = [planned_state(folder, run) for run in study.runs]
    counts: dict[str, Counter[str]] = {}
    for run, state in zip(study.runs, comparable(folder, study, states), strict=True):
        counts.setdefault(run.variant, Counter())[state.status] += 1
    title = f"Study {study.name}, design {study.design}, seeds {_seeds(study.seeds)}"
    total = (
        f"{len(states)} runs of {len(counts)} variants. {estimate([run.variant for run in study.runs], states, probed)}"
    )
    running = [
        Text(f"{run.folder}  {_epoch(folder / run.folder)}")
        for run, state in zip(study.runs, states, strict=True)
        if state.status == "running"
    ]
    return Group(Text(title), _counts(counts), *running, Text(total))


def _counts(counts: Mapping[str, Counter[str]]) -> Table:
    """One row per variant, a column per status that a run has."""
    totals = sum(counts.values(), Counter[str]())
    columns = [status for status in (*RESULTS, *WITHOUT_RESULT) if totals[status]]
    drawn = Table(box=SIMPLE_HEAD, show_footer=True)
    drawn.add_column("variant", footer="all", overflow="fold")
    for status in columns:
        drawn.add_column(status, footer=str(totals[status]), justify="right")
    for variant, count in counts.items():
        drawn.add_row(Text(variant), *(str(count[status] or "") for status in columns))
    return drawn


def _epoch(folder: Path) -> str:
    """The last epoch of a run that is training: `epoch 3, validation accuracy 61.5 %`."""
    try:
        row = epochs.read(folder / "metrics.csv")[-1]
        return f"epoch {row['epoch']:.0f}, validation accuracy {100 * row['val_accuracy']:.1f} %"
    except (InputError, IndexError, KeyError):  # not written yet
        return "started"


def _seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) <= 10 else f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
