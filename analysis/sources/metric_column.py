"""The metric of a table or a multirun: its direction and its scale, where the user does not state them."""

import numpy as np
import pandas as pd

from ablate.analysis.sources.cells import as_floats
from ablate.analysis.sources.columns import statuses
from ablate.analysis.sources.trackers import with_status
from ablate.runs.metric import Direction, Metric, named
from ablate.terminal.errors import InputError


def metric_of(
    rows: pd.DataFrame,
    name: str,
    direction: Direction | None = None,
    unit: str | None = None,
    scale: float | None = None,
    margin: float | None = None,
) -> tuple[Metric, list[str]]:
    """The metric in the column `name`, and a sentence on each assumption. Arguments that are None are assumed.

    Raises:
        InputError: it cannot be printed, or an argument is out of range.
    """
    notes = []
    if scale is None and unit == "%" and name in rows:
        scale, note = _scale(rows, name)
        notes.append(note)
    try:
        metric = named(name, direction, unit or "", scale or 1.0, margin=margin)
    except ValueError as error:
        raise InputError(f"{error}.") from None
    if direction is None:
        option = "maximize" if metric.direction == "min" else "minimize"
        notes.append(f"{metric.assumed_direction} (--{option} sets the opposite).")
    return metric, notes


def _scale(rows: pd.DataFrame, name: str) -> tuple[float, str]:
    """The factor to percent, and a sentence: 100 for fractions, which are at most 1.

    It follows from the values of completed runs. Those above 100 are neither fractions nor percent; they are ignored
    unless they are the most.
    """
    values = as_floats(rows[name])
    sizes = values[(statuses(with_status(rows), values) == "completed") & np.isfinite(values)].abs()
    if 2 * (sizes <= 100).sum() > len(sizes):
        sizes = sizes[sizes <= 100]
    if sizes.max() <= 1:
        return (
            100.0,
            f"Values of {name} are taken as fractions, printed times 100 (--scale 1 prints them unchanged).",
        )
    return 1.0, f"Values of {name} are taken as percent, as some exceed 1 (--scale 100 prints them times 100)."
