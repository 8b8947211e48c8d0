"""Attribution: how much of the difference between two cells, all factors changed or none, is due to each factor."""

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.stats import linear_model
from ablate.analysis.stats.factorial import NUMBERS, Cell, Weights, effects_of, tested

ALL_CELLS, MODEL = "all cells", "linear model"
MOST_FACTORS = 10  # of more, the coalitions are too many to run
TOTAL = ""  # the factor of the last row


def shapley(values: Sequence[float]) -> np.ndarray:
    """The Shapley values of n players (Shapley 1953).

    A player's value is what it adds to those before it, averaged over all orders of adding them.

    Args:
        values: (2^n,) of each coalition; player k is in coalition c if bit k of c is 1.

    Returns:
        (n,); they sum to the value of all players minus that of none.
    """
    count = int(math.log2(len(values)))
    weights: np.ndarray = _weights(count) @ np.asarray(values, dtype=float)
    return weights


def _weights(count: int) -> np.ndarray:
    """The weight (players, coalitions) of each coalition in each Shapley value."""
    coalitions = np.arange(2**count)
    sizes = np.array([int(c).bit_count() for c in coalitions])
    orders = np.array([1 / (count * math.comb(count - 1, size)) for size in range(count)] + [0.0])
    has = (coalitions >> np.arange(count)[:, None]) & 1 == 1
    result: np.ndarray = np.where(has, orders[sizes - 1], -orders[sizes])
    return result


def attribution(
    frame: pd.DataFrame, factors: Sequence[str], response: str = "val_accuracy", confidence: float = 0.95
) -> pd.DataFrame | None:
    """The Shapley value of each two-level factor, with an interval over seeds.

    - `all cells`: the study has all combinations. A Shapley value is a weighted sum of cells, computed for each seed;
      with lost runs, from the linear model of cell means and seeds.
    - `linear model`: a fraction whose main effects are not aliased with two-way interactions. Without interactions of
      three or more factors, a Shapley value is the main effect: half of each two-way interaction goes to each of its
      factors.

    Args:
        frame: one row per planned run: the factors, `seed` and the response (NaN: lost). The first level of a factor is
            the baseline's.
        factors: names of the factor columns.
        response: name of the compared column.
        confidence: of the two-sided intervals.

    Returns:
        One row per factor, then their sum (factor `TOTAL`). Columns factor, level, method, n (seeds), mean, sd, t, df,
        p, low, high, first (its effect alone), last (its effect after all others; both NaN if unknown). None if a
        factor has other than two levels, or neither method applies.
    """
    levels = {factor: list(pd.unique(frame[factor])) for factor in factors}
    runs = frame.dropna(subset=response)
    if runs.empty or not len(factors) >= 2 or any(len(one) != 2 for one in levels.values()):
        return None
    wide = runs.pivot_table(index=list(factors), columns="seed", values=response, sort=False)
    values = dict(zip(wide.index, wide.values, strict=True))
    if len(factors) <= MOST_FACTORS and len(values) == 2 ** len(factors):
        rows = _of_cells(levels, values, confidence)
    else:
        rows = _of_fraction(levels, values, confidence)
    if not rows:
        return None
    names = [*factors, TOTAL]
    changed = [*(levels[factor][1] for factor in factors), TOTAL]
    named = [{"factor": name, "level": level} for name, level in zip(names, changed, strict=True)]
    table = [one | row for one, row in zip(named, rows, strict=True)]
    return pd.DataFrame(table, columns=["factor", "level", "method", *NUMBERS, "first", "last"])


def _of_cells(
    levels: Mapping[str, list[Hashable]], values: Mapping[Cell, np.ndarray], confidence: float
) -> list[dict[str, Any]]:
    """From all cells: each factor, then the whole difference."""
    count, cell_means = len(levels), linear_model.Cells(values)
    cells = [
        tuple(pair[(coalition >> place) & 1] for place, pair in enumerate(levels.values()))
        for coalition in range(2**count)
    ]
    everything = 2**count - 1
    rows = []
    for place, weights in enumerate(_weights(count)):
        row = tested(dict(zip(cells, weights, strict=True)), values, cell_means, confidence)
        ends: tuple[Weights, ...] = (
            {cells[1 << place]: 1.0, cells[0]: -1.0},
            {cells[everything]: 1.0, cells[everything & ~(1 << place)]: -1.0},
        )
        first, last = (tested(one, values, cell_means, confidence)["mean"] for one in ends)
        rows.append({**row, "method": ALL_CELLS, "first": first, "last": last})
    whole = tested({cells[everything]: 1.0, cells[0]: -1.0}, values, cell_means, confidence)
    return [*rows, {**whole, "method": ALL_CELLS}]


def _of_fraction(
    levels: Mapping[str, list[Hashable]], values: Mapping[Cell, np.ndarray], confidence: float
) -> list[dict[str, Any]]:
    """From the main effects of a fraction; empty if one is aliased, or was not varied apart from the others."""
    effects = effects_of(levels)
    main = [effect.name for effect in effects if effect.kind == "main"]
    estimated = linear_model.fraction(effects, levels, values, confidence, total=main)
    estimates = [estimated.get(name, {}) for name in [*main, linear_model.TOTAL]]
    if not all(one.get("estimable") and not one["aliases"] for one in estimates) or not _crossed(levels, values):
        return []
    return [{"sd": np.nan, **one, "method": MODEL} for one in estimates]


def _crossed(levels: Mapping[str, list[Hashable]], values: Mapping[Cell, np.ndarray]) -> bool:
    """Whether main effects and two-way interactions are orthogonal, as in a fraction of resolution four or more."""
    signs = np.array([[1.0 if level == levels[f][1] else -1.0 for f, level in zip(levels, cell, strict=True)]
                      for cell in values])  # fmt: skip
    pairs = [signs[:, i] * signs[:, k] for i, k in itertools.combinations(range(signs.shape[1]), 2)]
    columns = np.column_stack([np.ones(len(signs)), signs, *pairs])
    correlations = signs.T @ columns / len(signs)
    return bool(np.allclose(correlations, np.eye(signs.shape[1], columns.shape[1], 1), atol=1e-9))
