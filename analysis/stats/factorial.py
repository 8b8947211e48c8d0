"""Several factors together: contrasts per seed, and analysis of variance."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.stats.paired import paired_difference

Cell = tuple[Hashable, ...]
Signed = list[tuple[int, Cell]]  # +1 or -1, and the cell


def contrasts(
    frame: pd.DataFrame, factors: Sequence[str], response: str = "val_accuracy", confidence: float = 0.95
) -> pd.DataFrame:
    """Main effects and two-way interactions, each a contrast per seed and a one-sample t over the seeds.

    `frame` has a row a run: the factors, `seed` and the response; the first level of a factor is its baseline. A main
    effect is the level minus the baseline, an interaction the difference of two such differences, either averaged with
    equal weight over those cells of the other factors in which all runs were planned (`cells` of them); without one it
    is not `estimable`. A seed that lacks a run of these cells is left out.

    Columns: kind (main or interaction), factor, level, factor_2, level_2, cells, estimable, n, mean, sd, t, df, p, low,
    high; in the unit of the response.
    """
    levels = {factor: list(pd.unique(frame[factor])) for factor in factors}
    runs = frame.dropna(subset=response)
    values = {
        seed: dict(zip(rows[list(factors)].itertuples(index=False, name=None), rows[response], strict=True))
        for seed, rows in runs.groupby("seed")
    }
    planned = set(frame[list(factors)].itertuples(index=False, name=None))
    found = []
    for size, kind in ((1, "main"), (2, "interaction")):
        for chosen in itertools.combinations(factors, size):
            for changed in itertools.product(*(levels[factor][1:] for factor in chosen)):
                terms = _terms(dict(zip(chosen, changed, strict=True)), levels, planned)
                named = [*itertools.chain.from_iterable(zip(chosen, changed, strict=True)), None, None][:4]
                place = dict(zip(("factor", "level", "factor_2", "level_2"), named, strict=True))
                found.append({"kind": kind, **place, **_tested(terms, values, confidence)})
    return pd.DataFrame(found)


def _terms(changed: Mapping[str, Hashable], levels: Mapping[str, list[Hashable]], planned: set[Cell]) -> list[Signed]:
    """For each cell of the other factors that has all runs: the (sign, cell) whose sum is the contrast."""
    others = [levels[factor] if factor not in changed else [None] for factor in levels]
    found = []
    for rest in itertools.product(*others):
        signed = []
        for kept in itertools.product((True, False), repeat=len(changed)):
            level = dict(zip(changed, kept, strict=True))
            cell = tuple(
                (changed[name] if level[name] else levels[name][0]) if name in changed else rest[place]
                for place, name in enumerate(levels)
            )
            signed.append(((-1) ** (len(kept) - sum(kept)), cell))
        if planned.issuperset(cell for _, cell in signed):
            found.append(signed)
    return found


def _tested(terms: list[Signed], values: Mapping[int, Mapping[Cell, float]], confidence: float) -> dict[str, Any]:
    """The contrast of each seed that has all its cells, tested against 0."""
    needed = {cell for signed in terms for _, cell in signed}
    whole = [cells for cells in values.values() if needed <= cells.keys()] if terms else []
    per_seed = [np.mean([sum(sign * cells[cell] for sign, cell in signed) for signed in terms]) for cells in whole]
    test = paired_difference(per_seed, np.zeros(len(per_seed)), confidence)
    numbers = {name: getattr(test, name) for name in ("n", "mean", "sd", "t", "df", "p", "low", "high")}
    return {"cells": len(terms), "estimable": bool(terms), **numbers}


def anova(frame: pd.DataFrame, response: str, factors: Sequence[str], block: str | None = None) -> pd.DataFrame:
    """Analysis of variance: one row a term, all interactions included, then the block and the residual.

    A term's sum of squares is what it takes off the residual of the model of all terms that do not contain it (type
    II; Fox 2016), its df the ranks' difference. A term that adds no rank is not `estimable`: empty or aliased cells.
    Independent errors of one variance are assumed. Partial omega squared (Olejnik & Algina 2003) is cut at 0.

    Columns: term, df, sum_sq, F, p, partial_omega_sq, estimable.
    """
    from scipy.special import fdtrc

    frame = frame.dropna(subset=response)
    y = frame[response].to_numpy(float)
    y = y - y.mean() if len(y) else y  # sums of squares then keep their digits
    terms = [set(term) for size in range(1, len(factors) + 1) for term in itertools.combinations(factors, size)]
    blocks = [{block}] if block else []
    columns = {frozenset(term): _indicators(frame, sorted(term, key=list(frame).index)) for term in [*terms, *blocks]}
    fitted: dict[frozenset[frozenset[str]], tuple[int, float]] = {}

    def fit(model: list[set[str]]) -> tuple[int, float]:
        """Rank and residual sum of squares. An interaction's cells contain the terms within it."""
        widest = frozenset(frozenset(term) for term in model if not any(term < other for other in model))
        if widest not in fitted:
            fitted[widest] = _fit(np.column_stack([np.ones(len(y)), *(columns[term] for term in widest)]), y)
        return fitted[widest]

    rank, rss = fit([*terms, *blocks])
    residual = len(y) - rank
    mse = rss / residual if residual > 0 else np.nan
    rows = []
    for term in [*terms, *blocks]:
        without = [other for other in [*terms, *blocks] if not term <= other]
        (rank_0, rss_0), (rank_1, rss_1) = fit(without), fit([*without, term])
        df, sum_sq = rank_1 - rank_0, max(rss_0 - rss_1, 0.0)
        name = ":".join(sorted(term, key=list(frame).index))
        if not df:
            rows.append((name, 0, np.nan, np.nan, np.nan, np.nan, False))
            continue
        f = sum_sq / df / mse if mse else np.nan
        omega = (sum_sq - df * mse) / (sum_sq + (len(y) - df) * mse) if mse else np.nan
        p = float(fdtrc(df, residual, f)) if residual > 0 else np.nan
        rows.append((name, df, sum_sq, f, p, omega if np.isnan(omega) else max(omega, 0.0), True))
    rows.append(("Residual", residual, rss, np.nan, np.nan, np.nan, residual > 0))
    return pd.DataFrame(rows, columns=["term", "df", "sum_sq", "F", "p", "partial_omega_sq", "estimable"])


def _indicators(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    """A 0/1 column for each combination of levels that occurs."""
    codes: np.ndarray = frame.groupby(names, sort=False).ngroup().to_numpy()
    ones: np.ndarray = codes[:, None] == np.arange(codes.max() + 1 if len(codes) else 0)
    return ones.astype(float)


def _fit(design: np.ndarray, y: np.ndarray) -> tuple[int, float]:
    """Rank of a design matrix, and the residual sum of squares of least squares."""
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    rank = int((singular > singular[0] * max(design.shape) * np.finfo(float).eps).sum()) if len(singular) else 0
    basis = left[:, :rank]
    rest = y - basis @ (basis.T @ y)
    return rank, float(rest @ rest)
