"""A study's folder -> frames: one row a planned run (`collect`), one row an epoch of a run (`curves`).

What was planned is in the frame whatever became of it: a run that left nothing is a row with the status `missing`.
"""

import logging
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ablate.files import bounded
from ablate.runs import study_plan
from ablate.runs.epochs import COLUMNS as EPOCH_COLUMNS
from ablate.runs.epochs import read as read_epochs
from ablate.runs.run_record import METRICS as RECORDED_METRICS
from ablate.runs.statuses import RESULTS, WITHOUT_RESULT
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track
from ablate.terminal.text import without_home, without_homes

log = logging.getLogger(__name__)
SAMPLES = 64 * bounded.MIB  # bytes
BASELINE = study_plan.BASELINE
HOLES = WITHOUT_RESULT
METRICS = [name for name in RECORDED_METRICS if name != "epoch"]


def read_plan(study_folder: Path) -> StudyPlan:
    """The plan of a study as a report shows it: no level, and not its command, names a home folder.

    InputError if `study_folder` is not a study.
    """
    plan = study_plan.read(study_folder)
    shown = {key: without_homes(getattr(plan, key)) for key in ("factors", "baseline", "command")}
    runs = [msgspec.structs.replace(run, factors=without_homes(run.factors)) for run in plan.runs]
    return msgspec.structs.replace(plan, **shown, runs=runs)


def collect(study_folder: Path) -> pd.DataFrame:
    """One row a planned run, in plan order.

    Columns: study, variant, one a factor (levels, text), seed, status, the metrics (accuracies as fractions), epochs
    (done), seconds (total), parameters, macs, folder (relative to the study), error, code_sha256, commit, rerun.

    A status beside run.json's own: `missing` (no run.json), `unreadable` (the reason is in error) and `stale` (the run
    was of another config than the one now planned). InputError if `study_folder` is not a study.
    """
    plan = read_plan(study_folder)
    planned = track(plan.runs, "Reading runs", len(plan.runs), patience=1.0)
    rows = [_row(run, planned_state(study_folder, run)) for run in planned]
    taken = {*study_plan.COLUMNS, *plan.factors} - {"epoch"}  # a record's own metrics cannot have these names
    extra = dict.fromkeys(name for row in rows for name in row["metrics"] if name not in taken)
    columns: dict[str, Any] = {"study": plan.name, "variant": [run.variant for run in plan.runs]}
    columns |= {factor: [run.factors.get(factor, "") for run in plan.runs] for factor in plan.factors}
    columns |= {key: [row[key] for row in rows] for key in ("seed", "status")}
    columns |= {name: pd.Series([row["metrics"].get(name) for row in rows], dtype=float) for name in [*METRICS, *extra]}
    for name, kind in {"epochs": "Int64", "seconds": float, "parameters": "Int64", "macs": "Int64"}.items():
        columns[name] = pd.Series([row[name] for row in rows], dtype=kind)
    columns |= {key: [row[key] for row in rows] for key in ("folder", "error", "code_sha256", "commit", "rerun")}
    return pd.DataFrame(columns)


def _row(planned: PlannedRun, state: PlannedState) -> dict[str, Any]:
    """What is known of one planned run."""
    row: dict[str, Any] = {"seed": planned.seed, "folder": planned.folder, "status": state.status, "metrics": {}}
    row |= dict.fromkeys(("epochs", "seconds", "parameters", "macs", "code_sha256", "commit", "rerun"))
    row["error"] = without_home(state.reason)
    record = state.record
    if record is None:
        return row
    accuracy = record.val_accuracy
    if record.status == "completed" and not (accuracy is not None and 0 <= accuracy <= 1):
        reason = f"run.json is not a valid record: the run is completed, but its val_accuracy is {accuracy}"
        return row | {"status": "unreadable", "error": reason}
    return row | {
        "metrics": {name: float(value) for name, value in (record.metrics or {}).items() if value is not None},
        "epochs": record.done_epochs,
        "seconds": record.total_seconds,
        "parameters": record.parameters,
        "macs": record.macs,
        "code_sha256": record.code_sha256,
        "commit": record.commit,
        "rerun": without_home(record.rerun) if record.rerun else None,
    }


def curves(study_folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """The `metrics.csv` of every run with a result, one row an epoch. Columns: variant, seed, status, then the file's.

    A file cut off in the middle of a line gives the epochs before it; an epoch written twice counts as last written.
    """
    parts = []
    for run in runs[runs["status"].isin(RESULTS)].itertuples(index=False):
        epochs = _epochs(Path(study_folder) / run.folder / "metrics.csv")
        parts += [(run.variant, run.seed, run.status, *epoch) for epoch in epochs]
    frame = pd.DataFrame(parts, columns=["variant", "seed", "status", *EPOCH_COLUMNS])
    frame = frame.astype({name: float for name in EPOCH_COLUMNS})
    return frame.drop_duplicates(["variant", "seed", "epoch"], keep="last", ignore_index=True)


def _epochs(path: Path) -> list[list[float]]:
    """The whole rows of a metrics.csv, in the order of `EPOCH_COLUMNS`; empty if there is no file."""
    try:
        return [[row.get(name, float("nan")) for name in EPOCH_COLUMNS] for row in read_epochs(path)]
    except InputError as error:
        log.warning("%s", error)
        return []


def samples(study_folder: Path, runs: pd.DataFrame, most: int = 8) -> dict[str, np.ndarray]:
    """{variant: uint8 (n, C, H, W)}: what the baseline trains on, and the first `most` others that see something else.

    Of the first seed with a `samples.npz`, so that all rows begin with the same images; empty without one.
    """
    found: dict[str, np.ndarray] = {}
    for run in runs.sort_values("seed", kind="stable").drop_duplicates("variant").itertuples(index=False):
        try:
            images = bounded.arrays(Path(study_folder) / run.folder / "samples.npz", ("images",), SAMPLES)["images"]
        except Exception:  # numpy and zipfile raise many kinds on a damaged file
            continue
        if (
            images.ndim == 4
            and images.size > 0
            and images.dtype == np.uint8
            and not any(np.array_equal(images, other) for other in found.values())
        ):
            found[run.variant] = images
        if len(found) == most:
            break
    return found


def factors(runs: pd.DataFrame) -> list[str]:
    """The names of the factor columns: those between `variant` and `seed`."""
    names = list(runs.columns)
    return names[names.index("variant") + 1 : names.index("seed")]


def varied(runs: pd.DataFrame) -> list[str]:
    """The factors with more than one level."""
    return [name for name in factors(runs) if runs[name].nunique() > 1]


def labels(runs: pd.DataFrame) -> dict[str, str]:
    """Each variant, baseline first and then in plan order, and what it changes: `normalization=none, model=cnn`."""
    names = factors(runs)
    first = runs.drop_duplicates("variant")
    levels = dict(zip(first["variant"], first[names].to_dict("records"), strict=True))
    if BASELINE not in levels:
        return {variant: variant for variant in levels}
    baseline = levels.pop(BASELINE)
    labels = {BASELINE: BASELINE}
    for variant, own in levels.items():
        labels[variant] = ", ".join(f"{name}={own[name]}" for name in names if own[name] != baseline[name]) or variant
    return labels


def baseline_levels(runs: pd.DataFrame) -> str:
    """The baseline spelled out: `normalization=batch, model=resnet`; empty in a study that varies nothing."""
    rows = runs.loc[runs["variant"] == BASELINE, factors(runs)]
    return ", ".join(f"{name}={level}" for name, level in rows.iloc[0].items()) if len(rows) else ""
