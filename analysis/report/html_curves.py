"""The learning curves of report.html: the numbers that curves.js draws."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.effects import most_different
from ablate.analysis.figures.curve_axes import ACCURACY, LOSS, Quantity, curve_of
from ablate.analysis.figures.learning_curves import band, comparable, with_columns
from ablate.analysis.results import Results
from ablate.terminal.text import printable

MOST = 40  # variants with curves; of more, those that differ most
SHOWN = 5  # of them shown when the page opens, besides the baseline
MOST_NUMBERS = 250_000  # of all curves; longer ones are thinned
FEWEST_EPOCHS = 20  # of a thinned curve


def curve_data(results: Results) -> dict[str, Any] | None:
    """The curves of the variants that differ most; None where no run has two epochs.

    Returns:
        {total: number of variants of the study, variants: [{label, number, shown, n}], quantities: [{label, scale,
        log, curves}]}. `curves` has for each variant {training, validation}, each {epochs, mean, low, high, seeds} or
        None; `seeds` is [{seed, status, values}]. Missing values are None.
    """
    if results.curves["epoch"].nunique() < 2:
        return None
    first = most_different(results.effects, MOST)
    numbers = {name: position for position, name in enumerate(results.labels)}
    variants = sorted(first, key=lambda name: numbers[name])
    quantities = [LOSS, ACCURACY]
    if results.metric.name not in (LOSS.validation, ACCURACY.validation):
        quantities.insert(0, curve_of(results.metric.name))
    elif results.metric.name == ACCURACY.validation:
        quantities.reverse()
    drawn = [quantity for quantity in quantities if _recorded(results.curves, quantity)]
    if not drawn:
        return None
    curves = comparable(results.curves)
    curves = curves[curves["variant"].isin(variants)]
    lines = len(curves.drop_duplicates(["variant", "seed"])) + 3 * len(variants)
    most = max(FEWEST_EPOCHS, MOST_NUMBERS // (2 * len(drawn) * lines))
    completed = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    return {
        "total": len(numbers),
        "variants": [
            {
                "label": printable(results.labels[name]),
                "number": numbers[name],
                "shown": name in first[: SHOWN + 1],
                "n": int(completed.get(name, 0)),
            }
            for name in variants
        ],
        "quantities": [_quantity(curves, quantity, variants, most) for quantity in drawn],
    }


def _recorded(curves: pd.DataFrame, quantity: Quantity) -> bool:
    """Whether any run recorded the quantity on the validation images."""
    return quantity.validation in curves and bool(np.isfinite(curves[quantity.validation].astype(float)).any())


def _quantity(curves: pd.DataFrame, quantity: Quantity, variants: list[str], most: int) -> dict[str, Any]:
    """A quantity with the curves of each variant, of at most about `most` epochs."""
    curves = with_columns(curves, quantity)
    percent = quantity == ACCURACY
    groups = dict(list(curves.groupby("variant")))
    kinds = (("training", quantity.training), ("validation", quantity.validation))
    return {
        "label": quantity.label.removesuffix(" (log scale)"),
        "scale": 100 if percent else 1,
        "log": quantity.is_loss,
        "curves": [
            {kind: _curve(groups[name], column, most) if name in groups else None for kind, column in kinds}
            for name in variants
        ],
    }


def _curve(rows: pd.DataFrame, column: str, most: int) -> dict[str, Any] | None:
    """One variant's curve: the mean and band over completed runs, and all runs that have a result."""
    table = rows.pivot(index="epoch", columns="seed", values=column).astype(float)
    table = table.where(np.isfinite(table))
    if table.isna().all(axis=None):
        return None
    statuses = rows.drop_duplicates("seed").set_index("seed")["status"]
    whole = table[[seed for seed in table if statuses[seed] == "completed"]].dropna()
    together = whole if whole.shape[1] else whole.iloc[:0]
    low, high = band(together) if together.shape[1] > 1 and len(together) else (pd.Series(dtype=float),) * 2
    kept = _thinned(table.index, most)
    return {
        "epochs": [int(epoch) for epoch in kept],
        "mean": _numbers(together.mean(axis=1), kept),
        "low": _numbers(low, kept) if len(low) else None,
        "high": _numbers(high, kept) if len(high) else None,
        "seeds": [
            {"seed": int(seed), "status": statuses[seed], "values": _numbers(table[seed], kept)} for seed in table
        ],
    }


def _thinned(epochs: pd.Index, most: int) -> pd.Index:
    """At most about `most` of the epochs, evenly spaced, with the last one."""
    step = -(-len(epochs) // most)
    return epochs[::-1][::step][::-1]


def _numbers(values: pd.Series, epochs: pd.Index) -> list[float | None]:
    """The values at the epochs to four digits; None for what is missing."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values.reindex(epochs)]
