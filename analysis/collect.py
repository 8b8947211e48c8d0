"""Read a study folder into data frames: one row per planned run (`collect`), one row per epoch (`curves`).

Every planned run has a row. A run that has written nothing has the status `missing`.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ablate.files import bounded
from ablate.runs import record
from ablate.runs.epochs import COLUMNS as EPOCH_COLUMNS
from ablate.runs.epochs import read as read_epochs
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track
from ablate.terminal.text import without_home, without_homes

log = logging.getLogger(__name__)
MAX_SAMPLES = 64 * bounded.MIB  # bytes
BASELINE = "baseline"
METRICS = ["val_accuracy", "val_loss", "train_accuracy", "train_loss"]

# The statuses of planned runs without a result, in contrast to `record.OUTCOMES`.
HOLES = ("running", "interrupted", "failed", "missing", "stale", "unreadable")


def read_plan(study_folder: Path) -> dict[str, Any]:
    """Read the plan of a study, with `~` for home directories in its levels and its command.

    Raises:
        InputError: `study_folder` is not a study.
    """
    plan = record.read_study(study_folder)
    shown = {key: without_homes(plan[key]) for key in ("factors", "baseline", "command")}
    runs = [{**run, "factors": without_homes(run["factors"])} for run in plan["runs"]]
    return {**plan, **shown, "runs": runs}


def collect(study_folder: Path) -> pd.DataFrame:
    """Read all planned runs of a study into a frame, one row per run, in the order of the plan.

    Returns:
        A frame with the columns study, variant, one per factor (its level, as text), seed, status, the metrics
        (accuracies as fractions), epochs (completed), seconds (total), parameters, macs, folder (relative to the
        study), error, code_sha256, commit, rerun. The status is that of run.json or one of `missing` (no run.json),
        `unreadable` (the column error has the reason) and `stale` (the run has another configuration than planned).

    Raises:
        InputError: `study_folder` is not a study.
    """
    plan = read_plan(study_folder)
    planned = track(plan["runs"], "Reading runs", len(plan["runs"]), patience=1.0)
    rows = [_row(Path(study_folder), run) for run in planned]
    reserved = {*record.RUN, *plan["factors"]} - {"epoch"}  # a metric of this name would overwrite a column
    extra = dict.fromkeys(name for row in rows for name in row["metrics"] if name not in reserved)
    columns = {"study": plan["name"], "variant": [run["variant"] for run in plan["runs"]]}
    columns |= {factor: [run["factors"].get(factor, "") for run in plan["runs"]] for factor in plan["factors"]}
    columns |= {key: [row[key] for row in rows] for key in ("seed", "status")}
    columns |= {name: pd.Series([row["metrics"].get(name) for row in rows], dtype=float) for name in [*METRICS, *extra]}
    for name, kind in {"epochs": "Int64", "seconds": float, "parameters": "Int64", "macs": "Int64"}.items():
        columns[name] = pd.Series([row[name] for row in rows], dtype=kind)
    columns |= {key: [row[key] for row in rows] for key in ("folder", "error", "code_sha256", "commit", "rerun")}
    return pd.DataFrame(columns)


def _row(study: Path, planned: dict[str, Any]) -> dict[str, Any]:
    """The columns of one planned run; an invalid run.json gives the status `unreadable`."""
    row: dict[str, Any] = {"seed": planned["seed"], "folder": planned["folder"], "metrics": {}, "error": ""}
    row |= dict.fromkeys(("epochs", "seconds", "parameters", "macs", "code_sha256", "commit", "rerun"))
    try:
        return row | _from_record(record.read_planned(study, planned))
    except (AttributeError, TypeError, ValueError) as reason:
        return row | {"status": "unreadable", "error": without_home(f"run.json is not a valid run record: {reason}")}


def _from_record(run: dict[str, Any]) -> dict[str, Any]:
    """The columns that are read from run.json.

    Raises:
        ValueError: the run is completed but has no valid val_accuracy.
    """
    metrics = run.get("metrics") or {}
    accuracy = metrics.get("val_accuracy")
    if run["status"] == "completed" and not (accuracy is not None and 0 <= accuracy <= 1):
        raise ValueError(f"the run is completed, but its val_accuracy is {accuracy}")
    return {
        "status": run["status"],
        "metrics": {name: float(number) for name, number in metrics.items() if isinstance(number, (int, float))},
        "epochs": (run.get("epochs") or {}).get("done"),
        "seconds": (run.get("seconds") or {}).get("total"),
        "parameters": run.get("parameters"),
        "macs": run.get("macs"),
        "error": without_home(str(run.get("error") or "")),
        "code_sha256": run.get("code_sha256"),
        "commit": (run.get("git") or {}).get("commit"),
        "rerun": without_home(run["rerun"]) if run.get("rerun") else None,
    }


def curves(study_folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """Read `metrics.csv` of every run that has a result (completed, diverged or pruned).

    A truncated file gives the epochs before the damage. If an epoch was written twice, the last row counts.

    Args:
        study_folder: The study.
        runs: The frame of `collect`.

    Returns:
        A frame with one row per run and epoch: variant, seed, status, then the columns of metrics.csv.
    """
    rows = []
    for run in runs[runs["status"].isin(record.OUTCOMES)].itertuples(index=False):
        epochs = _epochs(Path(study_folder) / run.folder / "metrics.csv")
        rows += [(run.variant, run.seed, run.status, *epoch) for epoch in epochs]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "status", *EPOCH_COLUMNS])
    frame = frame.astype({name: float for name in EPOCH_COLUMNS})
    return frame.drop_duplicates(["variant", "seed", "epoch"], keep="last", ignore_index=True)


def _epochs(path: Path) -> list[list[float]]:
    """The complete rows of a metrics.csv, in the order of `EPOCH_COLUMNS`; empty if there is no file."""
    try:
        return [[row.get(name, float("nan")) for name in EPOCH_COLUMNS] for row in read_epochs(path)]
    except InputError as error:
        log.warning("%s", error)
        return []


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
        path = Path(study_folder) / run.folder / "samples.npz"
        try:
            images = bounded.arrays(path, ("images",), MAX_SAMPLES)["images"]
        except Exception:  # numpy and zipfile raise many types of exception on a damaged file
            continue
        valid = images.ndim == 4 and images.size > 0 and images.dtype == np.uint8
        if valid and not any(np.array_equal(images, other) for other in images_of.values()):
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
    """Label each variant by the levels that differ from the baseline: `normalization=none, model=cnn`.

    The baseline comes first; the other variants follow in the order of the plan.
    """
    names = factors(runs)
    first = runs.drop_duplicates("variant")
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
