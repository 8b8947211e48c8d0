"""The metrics of a run of any app: what its main function returned, or what it left in its folder.

In this order: a number or a mapping of numbers that main returned; `metrics.json`; the newest `metrics.csv` below the
folder, as Lightning's CSVLogger and `ablate.log` write it. Everything is read as data.
"""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.metric import Metric
from ablate.terminal.errors import InputError, RunFailed
from ablate.terminal.text import first_few

JSON, CSV = "metrics.json", "metrics.csv"
LARGEST = 16 * bounded.MIB  # bytes of metrics.json
MOST_VALUES = 2**20  # of metrics.json
LARGEST_CSV = 16 * bounded.MIB  # bytes of metrics.csv
LONGEST = 64 * bounded.KIB  # bytes of a line of it
MOST_CELLS = 2**20  # of its last epochs, which are kept
PERCENT = 100  # scale of a metric whose values are fractions
Metrics = dict[str, float]


def returned(value: Any, metric: Metric) -> Metrics:
    """The numbers that main returned, by name; a single number has the name of the metric.

    Zero-dimensional tensors and NumPy scalars count as numbers. Anything else that is not a number is left out.
    """
    if isinstance(value, Mapping):
        return dict(_numbers(value))
    number = _number(value)
    return {} if number is None else {metric.name: number}


def of_run(value: Any, folder: Path, metric: Metric, best: bool = False) -> Metrics:
    """The metrics of a run that has ended.

    Args:
        value: what its main function returned.
        folder: of the run.
        metric: that of the study.
        best: read `metrics.csv` at the epoch that is best by the metric instead of the last.

    Raises:
        RunFailed: it has no number of this name, or one in percent that must be a fraction; the message states what to
            return.
        InputError: `metrics.json` is not valid.
    """
    metrics = returned(value, metric) or recorded(folder, None, metric, best)
    if metric.name in metrics:
        if metric.is_share and metric.scale == PERCENT and 1 < metrics[metric.name] <= PERCENT:
            stated = f"'{{name: {metric.name}, unit: \"%\", scale: 1}}'"
            raise RunFailed(
                f"{metric.name} is {metrics[metric.name]:g}, but must be a fraction from 0 to 1. Return the fraction,"
                f" or state that it is in percent: hydra.sweeper.metric={stated}."
            )
        return metrics
    if metrics:
        raise RunFailed(
            f"The run has no {metric.name}; it has {first_few(metrics, 12)}. Select one of them with"
            " hydra.sweeper.metric=NAME."
        )
    kind = "" if value is None else f" (it returned {type(value).__name__})"
    raise RunFailed(
        f"main returned no number{kind}. Return a number or a dict of numbers, such as {{'{metric.name}': 0.93}}, or"
        f" write {JSON} into the run folder."
    )


def recorded(folder: Path, pattern: str | None, metric: Metric, best: bool = False) -> Metrics:
    """The metrics that a run left in files; empty if it left none.

    Args:
        folder: of the run.
        pattern: glob of the files below it; None: `metrics.json`, else the newest `metrics.csv`.
        metric: by which `best` selects the epoch.
        best: see `of_run`.

    Raises:
        InputError: a file is too large, or `metrics.json` is not an object.
    """
    metrics: Metrics = {}
    for path in files(folder, pattern):
        metrics |= _json_metrics(path) if path.suffix == ".json" else csv_metrics(path, metric, best)
    return metrics


def files(folder: Path, pattern: str | None) -> list[Path]:
    """The files with metrics below the folder of a run; if there are several `metrics.csv`, the last by name."""
    if pattern:
        return sorted((path for path in below(folder, pattern) if path.is_file()), key=natural)
    if (folder / JSON).is_file():
        return [folder / JSON]
    return newest_csv(folder)


def newest_csv(folder: Path) -> list[Path]:
    """The last `metrics.csv` by name below a folder, as a list of one; empty if there is none."""
    return sorted((path for path in below(folder, f"**/{CSV}") if path.is_file()), key=natural)[-1:]


def below(folder: Path, pattern: str) -> Iterator[Path]:
    """The paths below a folder that match a glob.

    Raises:
        InputError: the glob is not valid, or the folder has folders in folders, a thousand deep.
    """
    try:
        yield from folder.glob(pattern)
    except (ValueError, IndexError, NotImplementedError) as error:
        raise InputError(f"{pattern!r} is not a glob of files below a run ({error}).") from None
    except RecursionError:
        raise InputError(f"{folder} has too many levels of folders.") from None


def natural(path: Path) -> list[tuple[int, int, str]]:
    """A key that sorts `version_2` before `version_10`."""
    parts = re.split(r"(\d+)", path.as_posix())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _json_metrics(path: Path) -> Metrics:
    try:
        text = bounded.contents(path, LARGEST)
        json_file.check_values(text, MOST_VALUES)
        content = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}).") from None
    if not isinstance(content, dict):
        raise InputError(f'{path} must hold an object of numbers, such as {{"val_acc": 0.93}}.')
    return dict(_numbers(content))


def csv_metrics(path: Path, metric: Metric, best: bool) -> Metrics:
    """The last value of each column; with `best`, the values of the epoch in which the metric is best."""
    rows = epochs(path)
    if best and any(metric.name in row for row in rows):
        candidates = [row for row in rows if not math.isnan(row.get(metric.name, math.nan))]
        return dict(max(candidates, key=lambda row: metric.sign * row[metric.name])) if candidates else {}
    return {name: value for row in rows for name, value in row.items()}


def epochs(path: Path) -> list[Metrics]:
    """The numbers of a metrics.csv, one dict per epoch. Lightning writes several rows per epoch, which are merged.

    From a file with more than `MOST_CELLS` cells, only the last epochs. Stops at an invalid line.
    """
    merged: dict[Any, Metrics] = {}
    most = MOST_CELLS
    lines = (line.decode(errors="replace") for line in bounded.lines(path, LARGEST_CSV, LONGEST))
    with suppress(OSError, csv.Error):
        reader = csv.DictReader(lines)
        most = MOST_CELLS // (len(reader.fieldnames or ()) + 10)  # a dict takes as much as ten cells
        for place, row in enumerate(reader):
            numbers = {name: number for name, cell in row.items() if name and (number := _cell(cell)) is not None}
            merged.setdefault(numbers.get("epoch", f"row {place}"), {}).update(numbers)
            if len(merged) >= 2 * most:
                merged = dict(islice(merged.items(), most, None))
    return list(merged.values())[-most:]


def _cell(text: Any) -> float | None:
    try:
        return float(text) if isinstance(text, str) and text.strip() else None
    except ValueError:
        return None


def _numbers(node: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Numbers by name; names of nested objects are joined by a dot."""
    for name, value in node.items():
        if isinstance(value, Mapping) and depth < 8:
            yield from _numbers(value, f"{prefix}{name}.", depth + 1)
        elif (number := _number(value)) is not None:
            yield f"{prefix}{name}", number


def _number(value: Any) -> float | None:
    """The value as a number; None if it is not one. A bool is not."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    if not isinstance(value, (int, float)) and getattr(value, "shape", None) != ():
        return None  # a list, a tensor with dimensions, any other object
    try:
        return float(value.item() if hasattr(value, "item") else value)  # a tensor may require gradients
    except OverflowError:  # a whole number of more than 308 digits
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):  # the last of PyTorch, for a tensor without a value
        return None
