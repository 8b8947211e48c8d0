"""Main effects and two-way interactions of several factors."""

import itertools
from collections.abc import Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.stats import linear_model
from ablate.analysis.stats.paired import paired_difference

Cell = tuple[Hashable, ...]
Weights = dict[Cell, float]
PER_SEED, CELLS = "t over seeds", "linear model"
NUMBERS = ("n", "mean", "sd", "t", "df", "p", "low", "high")


@dataclass(frozen=True)
class Effect:
    """A main effect, or an interaction: the changed level of one factor, or of two."""

    levels: dict[str, Hashable]

    @property
    def kind(self) -> str:
        """`main` or `interaction`."""
        return "main" if len(self.levels) == 1 else "interaction"

    @property
    def name(self) -> str:
        """`normalization=none × model=cnn`."""
        return " × ".join(f"{factor}={level}" for factor, level in self.levels.items())

    def columns(self) -> dict[str, Any]:
        """The columns that name it in the table."""
        pairs = [*itertools.chain.from_iterable(self.levels.items()), None, None][:4]
        return {"kind": self.kind, **dict(zip(("factor", "level", "factor_2", "level_2"), pairs, strict=True))}


def contrasts(
    frame: pd.DataFrame, factors: Sequence[str], response: str = "val_accuracy", confidence: float = 0.95
) -> pd.DataFrame:
    """Main effects and two-way interactions, each with an interval and a test.

    A main effect is a level minus the baseline's, an interaction the difference of two such differences. Either is the
    mean, with equal weights, over those cells of the other factors in which all of its runs were planned.

    The method depends on what is left of the runs:

    - `t over seeds`: every seed has all cells of the contrast: one value per seed, and a one-sample t.
    - `linear model`: some seeds lost runs: the same contrast of the cell means in a linear model with a block for each
      seed, so that a lost run costs one degree of freedom.
    - `linear model of a fraction`: no two planned cells differ in this factor alone: main effects and interactions in
      one model. Effects that the design cannot separate are estimated as their sum and named in `aliases`.

    Args:
        frame: one row per planned run: the factors, `seed` and the response (NaN: lost). The first level of a factor is
            the baseline's.
        factors: names of the factor columns.
        response: name of the compared column.
        confidence: of the two-sided intervals.

    Returns:
        Columns kind (main or interaction), factor, level, factor_2, level_2, cells (of the other factors), estimable,
        method, aliases, group (position of the first effect with the same column), n (seeds),
        mean, sd (of the values per seed), t, df, p, low, high; in the unit of the response.
    """
    levels = {factor: list(pd.unique(frame[factor])) for factor in factors}
    runs = frame.dropna(subset=response)
    wide = runs.pivot_table(index=list(factors), columns="seed", values=response, sort=False)
    values = {
        cell if isinstance(cell, tuple) else (cell,): row for cell, row in zip(wide.index, wide.values, strict=True)
    }
    planned = dict.fromkeys(frame[list(factors)].itertuples(index=False, name=None))
    effects = effects_of(levels)
    cell_means = linear_model.Cells(values) if values else None
    rows, fractional = {}, []
    for place, effect in enumerate(effects):
        weights, cells = _weights(effect.levels, levels, planned, values)
        if not weights:
            fractional.append(place)
            continue
        rows[place] = {
            "cells": cells,
            "estimable": True,
            "aliases": "",
            **tested(weights, values, cell_means, confidence),
        }
    # A fraction has no two planned cells that differ in one factor alone. Elsewhere such a contrast was not planned.
    fractional_design = not all(_weights(e.levels, levels, planned, planned)[0] for e in effects if e.kind == "main")
    fraction = linear_model.fraction(effects if fractional_design else [], levels, values, confidence)
    for place in fractional:
        unknown = {"estimable": False, "aliases": "", "method": "", "n": 0, **dict.fromkeys(NUMBERS[1:], np.nan)}
        rows[place] = {"cells": 0, **unknown, **fraction.get(effects[place].name, {})}
    places = {effect.name: place for place, effect in enumerate(effects)}
    table = [
        {"group": places[rows[place].pop("group", effect.name)], **effect.columns(), **rows[place]}
        for place, effect in enumerate(effects)
    ]
    names = ["kind", "factor", "level", "factor_2", "level_2", "cells", "estimable", "method", "aliases", "group"]
    names += NUMBERS
    return pd.DataFrame(table, columns=names)


def effects_of(levels: Mapping[str, Sequence[Hashable]]) -> list[Effect]:
    """All main effects, then all two-way interactions, of factors with these levels, the baseline's first."""
    return [
        Effect(dict(zip(chosen, changed, strict=True)))
        for size in (1, 2)
        for chosen in itertools.combinations(levels, size)
        for changed in itertools.product(*(levels[factor][1:] for factor in chosen))
    ]


def _weights(
    changed: Mapping[str, Hashable],
    levels: Mapping[str, list[Hashable]],
    planned: Mapping[Cell, None],
    values: Container[Cell],
) -> tuple[Weights, int]:
    """Return the weight of each cell in a contrast, and the number of cells of the other factors in its average.

    A cell of the other factors counts if all cells of the contrast were planned there and have at least one run.
    """
    places = {name: place for place, name in enumerate(levels) if name in changed}
    complete = []
    for rest in planned:
        if any(rest[place] != changed[name] for name, place in places.items()):
            continue  # each combination of the other factors is visited once, at the changed levels
        signed: Weights = {}
        for kept in itertools.product((True, False), repeat=len(changed)):
            level = dict(zip(changed, kept, strict=True))
            cell = tuple(
                (changed[name] if level[name] else levels[name][0]) if name in changed else rest[place]
                for place, name in enumerate(levels)
            )
            signed[cell] = (-1.0) ** (len(kept) - sum(kept))
        if signed.keys() <= planned.keys() and all(cell in values for cell in signed):
            complete.append(signed)
    return {cell: sign / len(complete) for signed in complete for cell, sign in signed.items()}, len(complete)


def tested(
    weights: Weights, values: Mapping[Cell, np.ndarray], cell_means: linear_model.Cells | None, confidence: float
) -> dict[str, Any]:
    """A weighted sum of cells per seed and its t; from the linear model if a seed with results lacks one of them.

    Args:
        weights: of the cells, all of which have at least one run.
        values: {cell: results (seeds,), NaN where lost}.
        cell_means: linear model of the same values.
        confidence: of the two-sided interval.
    """
    needed = np.array([values[cell] for cell in weights])
    lost = np.isnan(needed).any(axis=0)
    per_seed = np.array([*weights.values()]) @ needed[:, ~lost]
    test = paired_difference(per_seed, np.zeros(len(per_seed)), confidence)
    if lost.any() and cell_means is not None:
        fitted = cell_means.contrast(weights, confidence)
        seeds = int((~np.isnan(needed).all(axis=0)).sum())
        return {"method": CELLS, "n": seeds, "sd": np.nan, **fitted}
    return {"method": PER_SEED, **{name: getattr(test, name) for name in NUMBERS}}
