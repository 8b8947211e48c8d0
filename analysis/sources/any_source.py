"""The argument of `ablate report` -> results: a study, a table, the folder of a multirun, several studies."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pandas as pd

from ablate.analysis import app_curves, collect
from ablate.analysis.all_pairs import all_pairs
from ablate.analysis.analyze import compare
from ablate.analysis.results import Results
from ablate.analysis.sources import frame, joined, multirun, table
from ablate.analysis.sources.cells import as_floats, with_text_names
from ablate.analysis.sources.columns import Columns
from ablate.analysis.sources.metric_column import metric_of
from ablate.analysis.sources.rebased import rebased
from ablate.runs import study_plan
from ablate.runs.metric import LABELS, Direction, Metric, named
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few


@dataclass(frozen=True)
class Asked:
    """How to read what is not a study of ablate.

    Attributes:
        metric: name of the metric; for a study, another one than the plan's.
        seed: column or key of the replicate.
        factors: columns of a table that are factors; None: detected.
        baseline: {factor: level} of the baseline; for a study, another one than planned.
        direction: `max` or `min`; None: follows from the name of the metric.
        margin: equivalence margin, in the metric's printed unit.
        unit: printed after values; `%` prints fractions in percent.
        scale: factor from the values to printed ones; None: 100 for fractions in percent, else 1.
        files: glob of the files with metrics below each job of a multirun.
        all_pairs: also compare every variant with every other one.
        best: of a multirun's metrics.csv, read the best epoch instead of the last.
        excluded: {seed: reason} of the seeds that no comparison uses.
        block: the factor within each level of which variants are compared.
    """

    metric: str | None = None
    seed: str | None = None
    factors: Sequence[str] | None = None
    baseline: dict[str, str] | None = None
    direction: Direction | None = None
    margin: float | None = None
    unit: str | None = None
    scale: float | None = None
    files: str | None = None
    best: bool = False
    block: str | None = None
    all_pairs: bool = False
    excluded: Mapping[int, str] = field(default_factory=dict)


def results(path: Path, asked: Asked, *further: Path) -> Results:
    """Read and compare the runs of a study, a table or a multirun, or of several studies.

    Raises:
        InputError: it is none of them, or does not have what was asked for.
    """
    if further:
        _refuse_options(asked)
        whole = joined.join([study_plan.find(one) for one in (path, *further)])
        return _of_plan(whole.root, whole.plan, asked, whole.notes, whole.home, whole.studies)
    if table.is_table(path):
        rows, notes = table.read(path)
        return of_frame(rows, asked, path.with_suffix(""), notes)
    path = study_plan.find(path)
    if multirun.is_multirun(path):
        return _of_multirun(path, asked)
    if not path.exists() and path.suffix.lower() in table.SUFFIXES:
        raise InputError(f"{path} does not exist.")
    return _of_study(path, asked)


def _of_study(folder: Path, asked: Asked) -> Results:
    """The results of a study; with another metric than the plan's, they are exploratory."""
    _refuse_options(asked)
    return _of_plan(folder, collect.read_plan(folder), asked)


def _refuse_options(asked: Asked) -> None:
    """Raise InputError if options were given that the plan of a study has."""
    applies, default = ("metric", "baseline", "all_pairs", "excluded"), Asked()
    others = [name for name in Asked.__dataclass_fields__ if name not in applies]
    if names := [name for name in others if getattr(asked, name) != getattr(default, name)]:
        flag = {"files": "metrics", "direction": f"{asked.direction}imize"}.get(names[0], names[0])
        raise InputError(f"--{flag} is for tables and multiruns. For a study, its plan fixes this. Remove --{flag}.")


def _of_plan(
    folder: Path,
    plan: StudyPlan,
    asked: Asked,
    notes: Sequence[str] = (),
    home: Path | None = None,
    studies: Sequence[Path] = (),
) -> Results:
    """The results of planned runs below `folder`; with another metric or baseline than planned, exploratory."""
    planned, variants = plan.metric.name, {run.folder: run.variant for run in plan.runs}
    if plan.stages and (asked.baseline or asked.all_pairs):
        flag = "--baseline" if asked.baseline else "--all-pairs"
        raise InputError(
            f"{flag} does not apply to a study with stages, whose variants stopped by their comparison with the planned"
            " baseline. Remove it."
        )
    if asked.baseline:
        plan, note = rebased(plan, asked.baseline)
        notes = [note, *notes]
    if asked.metric not in (None, planned):
        exploratory = (
            f"Exploratory: {asked.metric} was chosen after the study was planned; the planned metric is {planned}."
        )
        secondary = [planned, *(name for name in plan.secondary if name != asked.metric)]
        try:
            plan = msgspec.structs.replace(plan, metric=named(str(asked.metric)), secondary=secondary)
        except ValueError as error:
            raise InputError(f"--metric: {error}.") from None
        assumed = [] if asked.metric in LABELS else [f"{plan.metric.assumed_direction}."]
        notes = [exploratory, *assumed, *notes]
    names, runs = variants if asked.baseline else None, collect.collect(folder, plan)
    if asked.metric is not None and asked.metric not in collect.METRICS and runs[asked.metric].isna().all():
        raise InputError(
            f"--metric: no run of {plan.name} has recorded {asked.metric}. The planned metric is {planned}."
        )
    compared = compare(folder, plan, runs, None, notes, home, asked.excluded, names, studies)
    return replace(_with_pairs(compared, asked), planned_metric=planned, planned_variants=variants)


def _with_pairs(compared: Results, asked: Asked) -> Results:
    """The results, with all pairs of variants if asked for."""
    return replace(compared, pairs=all_pairs(compared.runs, compared.metric)) if asked.all_pairs else compared


def of_frame(rows: pd.DataFrame, asked: Asked, folder: Path, notes: Sequence[str] = ()) -> Results:
    """The results of a data frame with one row per run.

    Args:
        rows: see `ablate.analysis.sources.frame.study`.
        asked: its `metric` is required.
        folder: where the report is written, in the subfolder `report`; its name is that of the study.
        notes: what was assumed in reading the rows.
    """
    rows = with_text_names(rows, folder.name)
    _check_home(folder)
    if asked.metric is None:
        numeric = [name for name in rows.columns if (as_floats(rows[name]).dropna() % 1 != 0).any()]
        raise InputError(
            f"Name the column of the metric with --metric. Columns with fractions: {first_few(numeric, 12) or 'none'}."
        )
    metric, assumed = _metric(asked, rows)
    columns = Columns(metric, asked.seed, asked.factors, asked.baseline, asked.block)
    source = frame.study(rows, columns, folder.name, shlex.join(["ablate", *sys.argv[1:]]))
    _refuse_unpaired(columns, asked)
    notes = [*notes, *assumed, *source.notes]
    compared = compare(folder, source.plan, source.runs, collect.no_curves(), notes, excluded=asked.excluded)
    return _with_pairs(compared, asked)


def _check_home(folder: Path) -> None:
    """Raise InputError if the folder of the report, named like a table, is a file."""
    for place in (folder, folder / "report"):
        if place.exists() and not place.is_dir():
            raise InputError(
                f"The report would be written to {folder}/report/, but {place} is a file. Rename it or the table."
            )


def _metric(asked: Asked, rows: pd.DataFrame) -> tuple[Metric, list[str]]:
    return metric_of(rows, str(asked.metric), asked.direction, asked.unit, asked.scale, asked.margin)


def _of_multirun(folder: Path, asked: Asked) -> Results:
    if asked.metric is None:
        known = multirun.metric_names(folder, asked.files)
        raise InputError(f"Name the metric with --metric. Metrics of the first job: {', '.join(known) or 'none'}.")
    jobs = multirun.read(folder, named(asked.metric, asked.direction), asked.seed, asked.files, asked.best)
    keys = [key for key in jobs.rows.columns if key not in (jobs.seed, asked.metric, "folder", "seconds", "status")]
    factors = list(asked.factors) if asked.factors is not None else [str(key) for key in keys]
    metric, assumed = _metric(asked, jobs.rows)
    columns = Columns(metric, jobs.seed, factors, asked.baseline, asked.block, "job", jobs.first)
    source = frame.study(jobs.rows, columns, folder.name, shlex.join(["ablate", *sys.argv[1:]]))
    _refuse_unpaired(columns, asked)
    curves, notes = app_curves.curves(folder, source.runs), [*jobs.notes, *assumed, *source.notes]
    return _with_pairs(compare(folder, source.plan, source.runs, curves, notes, excluded=asked.excluded), asked)


def _refuse_unpaired(columns: Columns, asked: Asked) -> None:
    """Raise InputError if seeds are to be excluded of runs whose seed is unknown."""
    if asked.excluded and columns.seed is None:
        raise InputError(
            "No seed can be excluded, as the seeds of the runs are unknown. Name their column with --seed."
        )
