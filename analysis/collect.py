"""Read a study folder into data frames: one row per planned run (`collect`), one row per epoch (`curves`).

Every planned run has a row. A run that has written nothing has the status `missing`.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ablate.evaluation import predicted_metrics
from ablate.runs import samples as run_samples
from ablate.runs import study_plan
from ablate.runs.epochs import COLUMNS as EPOCH_COLUMNS
from ablate.runs.epochs import FILE as EPOCHS_FILE
from ablate.runs.epochs import Table, count
from ablate.runs.epochs import read as read_epochs
from ablate.runs.metric import FROM_PREDICTIONS, LARGEST
from ablate.runs.run_record import METRICS as RECORDED_METRICS
from ablate.runs.run_record import RunRecord
from ablate.runs.stages import due_plan
from ablate.runs.statuses import RESULTS, WITHOUT_RESULT
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.comparable import comparable, with_value
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track
from ablate.terminal.text import without_home, without_homes

log = logging.getLogger(__name__)
BASELINE = study_plan.BASELINE
HOLES = WITHOUT_RESULT
LABEL = "variant_label"  # column of the author's labels, if there are any
METRICS = [name for name in RECORDED_METRICS if name != "epoch"]


def read_plan(study_folder: Path) -> StudyPlan:
    """Read the plan of a study and the runs that are due, with `~` for home directories in its levels and command.

    Raises:
        InputError: `study_folder` is not a study.
    """
    plan = due_plan(study_folder)
    shown = {key: without_homes(getattr(plan, key)) for key in ("factors", "baseline", "command")}
    runs = [msgspec.structs.replace(run, factors=without_homes(run.factors)) for run in plan.runs]
    return msgspec.structs.replace(plan, **shown, runs=runs)


def collect(study_folder: Path, plan: StudyPlan | None = None) -> pd.DataFrame:
    """Read all planned runs of a study into a frame, one row per run, in the order of the plan.

    Args:
        study_folder: the study.
        plan: its plan, if not the one in its folder.

    Returns:
        A frame with the columns study, variant, one per factor (its level, as text), seed, status, the metrics
        (accuracies as fractions), epochs (completed), seconds (total), parameters, macs, classes (their number),
        folder (relative to the study), error, code_sha256, commit, rerun. The status is that of run.json or one of
        `missing` (no run.json), `unreadable` (the column error has the reason), `stale` (the run has another
        configuration than planned), `other settings` (than the other seeds of its variant) and `other images` (than
        the baseline, or than its variant if `data` is a factor).

    Raises:
        InputError: `study_folder` is not a study.
    """
    plan = plan or read_plan(study_folder)
    planned = track(plan.runs, "Reading runs", len(plan.runs), patience=1.0)
    states = comparable(Path(study_folder), plan, [planned_state(study_folder, run) for run in planned])
    rows = [_row(run, state, Path(study_folder), plan) for run, state in zip(plan.runs, states, strict=True)]
    reserved = {*study_plan.COLUMNS, *plan.factors} - {"epoch"}  # a metric of this name would overwrite a column
    extra = dict.fromkeys(name for row in rows for name in row["metrics"] if name not in reserved)
    missing = [name for name in dict.fromkeys([plan.metric.name, *plan.secondary]) if name not in {*METRICS, *extra}]
    columns: dict[str, Any] = {"study": plan.name, "variant": [run.variant for run in plan.runs]}
    columns |= {factor: [run.factors.get(factor, "") for run in plan.runs] for factor in plan.factors}
    columns |= {key: [row[key] for row in rows] for key in ("seed", "status")}
    columns |= {
        name: pd.Series([row["metrics"].get(name) for row in rows], dtype=float)
        for name in [*METRICS, *extra, *missing]
    }
    counts = dict.fromkeys(("epochs", "parameters", "macs", "classes"), "Int64")
    for name, kind in {"epochs": "Int64", "seconds": float, **counts}.items():
        columns[name] = pd.Series([row[name] for row in rows], dtype=kind)
    columns |= {key: [row[key] for row in rows] for key in ("folder", "error", "code_sha256", "commit", "rerun")}
    return pd.DataFrame(columns)


def _row(planned: PlannedRun, state: PlannedState, study: Path, plan: StudyPlan) -> dict[str, Any]:
    """The columns of one planned run, with the metrics of the plan that its predictions give."""
    wanted = FROM_PREDICTIONS.intersection([plan.metric.name, *plan.secondary])
    metrics = _metrics(study / planned.folder, state.record, wanted) if state.record else {}
    state = with_value(state, plan.metric.name, metrics.get(plan.metric.name))
    row: dict[str, Any] = {"seed": planned.seed, "folder": planned.folder, "status": state.status, "metrics": {}}
    row |= dict.fromkeys(("epochs", "seconds", "parameters", "macs", "classes", "code_sha256", "commit", "rerun"))
    row["error"] = without_home(state.reason)
    record = state.record
    if record is None:
        return row
    return row | {
        "metrics": metrics,
        "epochs": record.done_epochs,
        "seconds": record.total_seconds,
        "parameters": record.parameters,
        "macs": record.macs,
        "classes": len(record.classes) if record.classes else None,
        "code_sha256": record.code_sha256,
        "commit": record.commit,
        "rerun": without_home(record.rerun) if record.rerun else None,
    }


def _metrics(folder: Path, record: RunRecord, wanted: Iterable[str]) -> dict[str, float]:
    """The recorded metrics of a run, and those of `wanted` that its predictions give. NaN in place of a huge value."""
    recorded = {name: float(value) for name, value in (record.metrics or {}).items() if value is not None}
    values = {name: value if abs(value) <= LARGEST else np.nan for name, value in recorded.items()}
    for name in wanted:
        if name not in values and record.status == "completed":
            value = predicted_metrics.value(folder, record, name)
            values |= {} if value is None else {name: value}
    return values


def curves(study_folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """Read `metrics.csv` of every run that has a result (completed, diverged or pruned).

    A truncated file gives the epochs before the damage. If an epoch was written twice, the last row counts.

    Args:
        study_folder: The study.
        runs: The frame of `collect`.

    Returns:
        A frame with one row per run and epoch: variant, seed, status, then the columns of metrics.csv.
    """
    with_result = runs[runs["status"].isin(RESULTS)]
    tables = [
        _epochs(Path(study_folder) / run.folder / EPOCHS_FILE, None if pd.isna(run.epochs) else run.epochs)
        for run in with_result.itertuples(index=False)
    ]
    counts = [count(table) for table in tables]
    frame = with_result[["variant", "seed", "status"]].loc[with_result.index.repeat(counts)].reset_index(drop=True)
    for name in EPOCH_COLUMNS:
        columns = [table.get(name, np.full(n, np.nan)) for table, n in zip(tables, counts, strict=True)]
        frame[name] = np.concatenate([np.empty(0), *map(np.asarray, columns)])
    return frame.drop_duplicates(["variant", "seed", "epoch"], keep="last", ignore_index=True)


def no_curves() -> pd.DataFrame:
    """The frame of `curves` of runs without learning curves."""
    columns = ["variant", "seed", "status", *EPOCH_COLUMNS]
    return pd.DataFrame(columns=columns).astype(dict.fromkeys(EPOCH_COLUMNS, float))


def _epochs(path: Path, done: int | None) -> Table:
    """The complete rows of a metrics.csv of `done` epochs; empty if there is no file, or it has too many."""
    try:
        return read_epochs(path, done)
    except InputError as error:
        log.warning("%s", error)
        return {}


def samples(study_folder: Path, runs: pd.DataFrame, most: int = 8) -> dict[str, np.ndarray]:
    """Read the augmented training images of the variants, skipping a variant with the same images as one before it.

    Args:
        study_folder: The study.
        runs: The frame of `collect`. The images are those of each variant's lowest seed.
        most: Maximum number of variants.

    Returns:
        {variant: uint8 (n, C, H, W)}; empty if no run has a readable `samples.npz`.
    """
    images_of: dict[str, np.ndarray] = {}
    for run in runs.sort_values("seed", kind="stable").drop_duplicates("variant").itertuples(index=False):
        try:
            images = run_samples.read(Path(study_folder) / run.folder)
        except Exception:  # numpy and zipfile raise many types of exception on a damaged file
            continue
        if not any(np.array_equal(images, other) for other in images_of.values()):
            images_of[run.variant] = images
        if len(images_of) == most:
            break
    return images_of


def factors(runs: pd.DataFrame) -> list[str]:
    """The names of the factor columns: those between `variant` and `seed`."""
    names = list(runs.columns)
    return names[names.index("variant") + 1 : names.index("seed")]


def varied(runs: pd.DataFrame) -> list[str]:
    """The factors with more than one level."""
    return [name for name in factors(runs) if runs[name].nunique() > 1]


def labels(runs: pd.DataFrame) -> dict[str, str]:
    """Label each variant as the author does, else by the levels that differ from the baseline: `model=cnn, bias=false`.

    The baseline comes first; the other variants follow in the order of the frame.
    """
    names = factors(runs)
    first = runs.drop_duplicates("variant")
    if LABEL in runs:
        labels = dict(zip(first["variant"], first[LABEL], strict=True))
        return {BASELINE: labels[BASELINE]} | labels if BASELINE in labels else labels
    levels_of = first.set_index("variant")[names].to_dict("index")
    if BASELINE not in levels_of:
        return {variant: variant for variant in levels_of}
    baseline = levels_of.pop(BASELINE)
    labels = {BASELINE: BASELINE}
    for variant, levels in levels_of.items():
        changed = [f"{name}={levels[name]}" for name in names if levels[name] != baseline[name]]
        labels[variant] = ", ".join(changed) or variant
    return labels


def baseline_levels(runs: pd.DataFrame) -> str:
    """The baseline's level of each factor: `normalization=batch, model=resnet`; empty for a study without factors."""
    rows = runs.loc[runs["variant"] == BASELINE, factors(runs)]
    return ", ".join(f"{name}={level}" for name, level in rows.iloc[0].items()) if len(rows) else ""
