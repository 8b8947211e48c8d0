"""Factorial designs that several tests share."""

import itertools

import numpy as np
import pandas as pd

# Montgomery, Design and Analysis of Experiments, filtration rate: a fastest.
RATES = [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96]
FILTRATION = pd.DataFrame(
    [(a, b, c, d, 0, y) for (d, c, b, a), y in zip(itertools.product("-+", repeat=4), RATES, strict=True)],
    columns=["A", "B", "C", "D", "seed", "y"],
).astype({"y": float})


def balanced(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = itertools.product("abc", "uv", "xyz", range(4))
    frame = pd.DataFrame(rows, columns=["f", "g", "h", "seed"])
    return frame.assign(y=rng.normal(size=len(frame)) + (frame["f"] == "b") + (frame["g"] == "v") * frame["seed"])


def factorial(seeds: int = 6) -> pd.DataFrame:
    """3 x 2 x 2 cells with a seed effect."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(itertools.product("abc", "uv", "xy", range(seeds)), columns=["f", "g", "h", "seed"])
    of_seed = rng.normal(size=seeds)[frame["seed"]]
    y = of_seed + rng.normal(0, 0.3, len(frame)) + 2.0 * (frame["f"] == "b") + (frame["f"] == "c") * (frame["g"] == "v")
    return frame.assign(y=y)


def lost(frame: pd.DataFrame, count: int = 5, seed: int = 2) -> pd.DataFrame:
    """The frame with `count` of its results missing."""
    places = np.random.default_rng(seed).choice(len(frame), count, replace=False)
    return frame.assign(y=frame["y"].mask(frame.index.isin(places)))


def effect(table: pd.DataFrame, one: str, other: str | None = None) -> pd.Series:
    rows = table[table["factor"] == one]
    return rows[rows["factor_2"] == other].iloc[0] if other else rows[rows["kind"] == "main"].iloc[0]
