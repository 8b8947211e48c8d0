"""The output folder of any Hydra app's multirun -> data frame, one row per job. Nothing of the folder runs.

Factors are the overrides that vary between the jobs' `.hydra/overrides.yaml`. `multirun.yaml`, where it is complete,
gives the order of the levels; without it, the order is that of the jobs. Metrics come from a job's `metrics.json`, else
from the last complete value of each column in the `metrics.csv` files below the job (as Lightning's CSVLogger writes).
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ablate.analysis.sources.cells import UNSET
from ablate.analysis.sources.job_overrides import level_order, settings_of
from ablate.runs import study_plan
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.valid_names import is_name
from ablate.study.app import results
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural, printable

NOT_JOBS = (".replaced", ".git", "wandb", "mlruns")


class Jobs(NamedTuple):
    """The jobs of a multirun.

    Attributes:
        rows: one per job: its overrides, its metrics, `seconds`, `folder`. The first is the baseline.
        seed: key of the seed; None: no job sets one.
        first: where the levels of the first row are from, for a sentence.
        notes: sentences on what was assumed.
    """

    rows: pd.DataFrame
    seed: str | None
    first: str
    notes: list[str]


def is_multirun(folder: Path) -> bool:
    """Whether a folder is that of a multirun: jobs with `.hydra/overrides.yaml` below it, and no study.json."""
    if not folder.is_dir() or (folder / study_plan.FILE).exists():
        return False
    return (folder / "multirun.yaml").exists() or bool(next(iter(job_folders(folder)), None))


def job_folders(folder: Path) -> Iterable[Path]:
    """The jobs below a folder, in the order of their numbers, then of their names."""
    jobs = sorted(
        (path.parent.parent for path in results.below(folder, "**/.hydra/overrides.yaml")),
        key=lambda job: results.natural(job.relative_to(folder)),
    )
    return (
        job for job in jobs if job != folder and not any(part in NOT_JOBS for part in job.relative_to(folder).parts)
    )


def read(folder: Path, metric: Metric, seed: str | None, pattern: str | None, best: bool) -> Jobs:
    """Read the jobs of a multirun.

    Args:
        folder: of the multirun.
        metric: what is compared; `best` selects the epoch by it.
        seed: key of the seed; None: the override that is called `seed`, or ends in `.seed`.
        pattern: glob of the files with metrics, below each job; None: `metrics.json`, else `metrics.csv`.
        best: of a metrics.csv, read the best epoch by the metric instead of the last.

    Raises:
        InputError: the folder has no jobs, or none of them has the metric.
    """
    jobs = list(job_folders(folder))
    if not jobs:
        raise InputError(f"{folder} has no jobs: no folder below it has .hydra/overrides.yaml.")
    if len(jobs) > study_plan.MOST_RUNS:
        raise InputError(f"{folder} has {len(jobs):,} jobs, more than the {study_plan.MOST_RUNS:,} runs of a report.")
    if unnamed := [place for job in jobs if not is_name(place := job.relative_to(folder).as_posix())]:
        raise InputError(
            f"{printable(unnamed[0])}: the folder of a job must have a printable name in UTF-8. Rename it."
        )
    settings = settings_of(jobs)
    keys = list(dict.fromkeys(key for one in settings for key in one))
    varying = [key for key in keys if len({one.get(key, UNSET) for one in settings}) > 1]
    seed = seed or next((key for key in varying if key.split(".")[-1] == "seed"), None)
    if seed and seed not in keys:
        raise InputError(f"No job of {folder} sets {seed}. Overrides that jobs set: {first_few(keys, 12) or 'none'}.")
    _check_names([key for key in varying if key != seed], metric, folder)
    values, damaged = _metrics(jobs, pattern, metric, best)
    if not any(metric.name in one for one in values):
        known = dict.fromkeys(name for one in values for name in one)
        advice = f"Metrics found: {first_few(known, 12)}." if known else "Name the files with metrics: --metrics GLOB."
        raise InputError(" ".join([f"No job of {folder} has the metric {metric.name}.", *(damaged or [advice])]))
    rows = []
    for job, setting, result in zip(jobs, settings, values, strict=True):
        row: dict[str, Any] = {key: setting.get(key, UNSET) for key in varying if key != seed}
        row |= {seed: setting.get(seed, UNSET)} if seed else {}
        row |= {"folder": job.relative_to(folder).as_posix()}
        row |= {metric.name: result.get(metric.name, math.nan), "seconds": result.get("seconds", math.nan)}
        rows.append(row)
    frame = pd.DataFrame(rows)
    order, notes = level_order(folder, varying)
    order.pop(str(seed), None)
    for key, levels in reversed(order.items()):
        kinds = pd.Categorical(frame[key], list(dict.fromkeys([*levels, *frame[key]])), ordered=True)
        frame = frame.iloc[kinds.argsort(kind="stable")]
    frame = frame.reset_index(drop=True)
    first = f"the levels of the first job, {frame['folder'][0]}"
    if order and all(frame[key][0] == levels[0] for key, levels in order.items()):
        first = "the first level of each in multirun.yaml"
    elif order:
        first += ", as no job has the first level of each in multirun.yaml"
    return Jobs(frame, seed, first, [*notes, *damaged])


def _metrics(
    jobs: list[Path], pattern: str | None, metric: Metric, best: bool
) -> tuple[list[results.Metrics], list[str]]:
    """The metrics of each job, none of one whose file is damaged; and a sentence on those files."""
    values, errors = [], []
    for job in jobs:
        try:
            values.append(results.recorded(job, pattern, metric, best))
        except InputError as error:
            values.append({})
            errors.append(str(error))
    others = f" So do those of {plural(len(errors) - 1, 'other job')}." if len(errors) > 1 else ""
    return values, [f"Counts as failed: {errors[0]}{others}"] if errors else []


def _check_names(factors: list[str], metric: Metric, folder: Path) -> None:
    """Raise InputError if an override has the name of the metric or of another column of a report."""
    try:
        study_plan.check_names(factors, [metric.name])
    except ValueError as error:
        raise InputError(f"{folder} cannot be reported: {error}.") from None


def metric_names(folder: Path, pattern: str | None) -> list[str]:
    """The metrics of the first job that has any."""
    recorded = (list(results.recorded(job, pattern, ACCURACY)) for job in job_folders(folder))
    return next((names for names in recorded if names), [])
