"""The output folder of any Hydra app's multirun -> data frame, one row per job. Nothing of the folder runs.

Factors are the overrides that vary between the jobs' `.hydra/overrides.yaml`. `multirun.yaml`, where it is complete,
gives the order of the levels; without it, the order is that of the jobs. Metrics come from a job's `metrics.json`, else
from the last complete value of each column in the `metrics.csv` files below the job (as Lightning's CSVLogger writes).
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from ablate.analysis.sources.frame import UNSET
from ablate.files import bounded
from ablate.runs import study_plan
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

LARGEST = 16 * bounded.MIB  # bytes of each file
MOST_JOBS = 100_000
NOT_JOBS = (".replaced", ".git", "wandb", "mlruns")
CURVES = "metrics.csv"


def is_multirun(folder: Path) -> bool:
    """Whether a folder is that of a multirun: jobs with `.hydra/overrides.yaml` below it, and no study.json."""
    if not folder.is_dir() or (folder / study_plan.FILE).exists():
        return False
    return (folder / "multirun.yaml").exists() or bool(next(iter(job_folders(folder)), None))


def job_folders(folder: Path) -> Iterable[Path]:
    """The jobs below a folder, in the order of their numbers, then of their names."""
    found = sorted(
        (path.parent.parent for path in folder.glob("**/.hydra/overrides.yaml")), key=lambda job: _natural(job, folder)
    )
    return (
        job for job in found if job != folder and not any(part in NOT_JOBS for part in job.relative_to(folder).parts)
    )


def _natural(job: Path, folder: Path) -> list[tuple[int, int, str]]:
    """A key that sorts `2` before `10`."""
    parts = re.split(r"(\d+)", job.relative_to(folder).as_posix())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def read(
    folder: Path, metric: str, seed: str | None, pattern: str | None, best: bool
) -> tuple[pd.DataFrame, str | None, list[str]]:
    """Read the jobs of a multirun.

    Args:
        folder: of the multirun.
        metric: the metric that is compared; `best` selects the epoch by it.
        seed: key of the seed; None: the override that is called `seed`, or ends in `.seed`.
        pattern: glob of the files with metrics, below each job; None: `metrics.json`, else `metrics.csv`.
        best: whether the highest value over the epochs counts instead of the last (`min` of a loss: see `metric`).

    Returns:
        One row per job: its overrides, `status`, its metrics, `seconds` (empty), `folder`; the key of the seed (None:
        no job sets one); and sentences on what was assumed.

    Raises:
        InputError: the folder has no jobs, or none of them has the metric.
    """
    jobs = list(job_folders(folder))[: MOST_JOBS + 1]
    if not jobs:
        raise InputError(f"{folder} has no jobs: no folder below it has .hydra/overrides.yaml.")
    settings = [_settings(job) for job in jobs]
    keys = [key for key in dict.fromkeys(key for one in settings for key in one) if not key.startswith("hydra")]
    varying = [key for key in keys if len({one.get(key, UNSET) for one in settings}) > 1]
    seed = seed or next((key for key in varying if key.split(".")[-1] == "seed"), None)
    if seed and seed not in keys:
        raise InputError(f"No job of {folder} sets {seed}. Overrides that jobs set: {first_few(keys, 12) or 'none'}.")
    results = [metrics(job, pattern, metric, best) for job in jobs]
    if not any(metric in result for result in results):
        known = dict.fromkeys(name for result in results for name in result)
        raise InputError(
            f"No job of {folder} has the metric {metric}."
            + (
                f" Metrics found: {first_few(known, 12)} (--metric)."
                if known
                else " No metrics.json or metrics.csv was found (--metrics GLOB names the files)."
            )
        )
    rows = []
    for job, setting, result in zip(jobs, settings, results, strict=True):
        row: dict[str, Any] = {key: setting.get(key, UNSET) for key in varying if key != seed}
        row |= {seed: setting.get(seed, UNSET)} if seed else {}
        row |= {"folder": job.relative_to(folder).as_posix()}
        row |= {metric: result.get(metric, math.nan), "seconds": result.get("seconds", math.nan)}
        rows.append(row)
    frame = pd.DataFrame(rows)
    order, notes = _level_order(folder, varying)
    for key, levels in order.items():
        if key != seed:
            kinds = pd.Categorical(frame[key], list(dict.fromkeys([*levels, *frame[key]])), ordered=True)
            frame = frame.iloc[kinds.argsort(kind="stable")]
    return frame.reset_index(drop=True), seed, notes


def _settings(job: Path) -> dict[str, str]:
    """{key: value as text} of a job's overrides; of two for one key the last counts."""
    path = job / ".hydra" / "overrides.yaml"
    try:
        words = yaml.safe_load(bounded.contents(path, LARGEST))
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}). Delete the job's folder or restore the file.") from None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(f"{path} is not a list of overrides. Delete the job's folder or restore the file.")
    settings: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        name = key.lstrip("+~")
        settings[name] = "(deleted)" if key.startswith("~") else value.strip("'\"") if equals else UNSET
    return settings


def _level_order(folder: Path, varying: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The levels of each varied key in the order of `multirun.yaml`; a sentence if that file cannot be used."""
    path = folder / "multirun.yaml"
    note = f"{path.name} is missing or incomplete; the order of levels is that of the jobs."
    try:
        content = yaml.safe_load(bounded.contents(path, LARGEST))
        words = content["hydra"]["overrides"]["task"]
        parsed = _parsed(words)
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, RecursionError, HydraException, InputError):
        return {}, [note]
    sweeps = {one.get_key_element().lstrip("+~"): one for one in parsed if one.is_discrete_sweep()}
    return {
        key: [text.strip("'\"") for text in sweeps[key].sweep_string_iterator()]
        for key in reversed(varying)
        if key in sweeps
    }, []


def _parsed(words: list[str]) -> list[Override]:
    return OverridesParser.create().parse_overrides(words)


def metrics(job: Path, pattern: str | None, metric: str, best: bool) -> dict[str, float]:
    """{name: value} of a job, empty if it wrote none; names of nested objects are joined by a dot."""
    paths = sorted(job.glob(pattern)) if pattern else _default_files(job)
    values: dict[str, float] = {}
    for path in paths:
        values |= _json_metrics(path) if path.suffix == ".json" else _csv_metrics(path, metric, best)
    return values


def _default_files(job: Path) -> list[Path]:
    """`metrics.json`, else every `metrics.csv` below the job; of Lightning's versions the last."""
    if (job / "metrics.json").is_file():
        return [job / "metrics.json"]
    found = sorted(job.glob(f"**/{CURVES}"), key=lambda path: _natural(path, job))
    return found[-1:]


def _json_metrics(path: Path) -> dict[str, float]:
    """The numbers of a JSON object. Names of nested objects are joined by a dot."""
    try:
        content = json.loads(bounded.contents(path, LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}).") from None

    def flat(node: Any, prefix: str = "") -> Iterable[tuple[str, float]]:
        for name, value in node.items():
            if isinstance(value, Mapping):
                yield from flat(value, f"{prefix}{name}.")
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                yield f"{prefix}{name}", float(value)

    if not isinstance(content, dict):
        raise InputError(f'{path} must hold an object of metrics, such as {{"val_acc": 0.93}}.')
    return dict(flat(content))


def _csv_metrics(path: Path, metric: str, best: bool) -> dict[str, float]:
    """The last value of each column; with `best`, the row in which `metric` is best gives all of them."""
    rows = epoch_rows(path)
    if rows.empty:
        return {}
    if best and metric in rows and rows[metric].notna().any():
        from ablate.runs.metric import named  # the direction follows from the name

        place = rows[metric].idxmax() if named(metric).direction == "max" else rows[metric].idxmin()
        return {str(name): float(value) for name, value in rows.loc[place].dropna().items()}
    return {str(name): float(column.dropna().iloc[-1]) for name, column in rows.items() if column.notna().any()}


def epoch_rows(path: Path) -> pd.DataFrame:
    """The rows of a metrics.csv; several rows of one epoch, as Lightning writes them, are merged."""
    import io

    try:
        rows = pd.read_csv(io.BytesIO(bounded.contents(path, LARGEST)), on_bad_lines="skip")
    except (OSError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return pd.DataFrame()
    numbers = rows.apply(pd.to_numeric, errors="coerce")
    return numbers.groupby("epoch", as_index=False).last() if "epoch" in numbers else numbers
