"""Linear models with a block for each seed: for factorial designs with lost runs, and for fractions."""

import itertools
import warnings
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

Cell = tuple[Hashable, ...]
FRACTION = "linear model of a fraction"
TOTAL = ""  # the sum of several effects of a fraction
TOLERANCE = 1e-9  # relative, below which a column adds nothing to those before it


class Effect(Protocol):
    """What a fraction estimates: a main effect or an interaction."""

    @property
    def levels(self) -> dict[str, Hashable]:
        """{factor: changed level}."""

    @property
    def name(self) -> str:
        """Its name in `aliases`."""


class Cells:
    """Cell means plus a block for each seed, fitted to `values` {cell: results (seeds,), NaN where lost}."""

    def __init__(self, values: Mapping[Cell, np.ndarray]) -> None:
        self.values, self.index = values, {cell: place for place, cell in enumerate(values)}

    @cached_property  # takes seconds for hundreds of cells, and only a contrast that lost runs needs it
    def fit(self) -> Any:
        """The fitted model, whose coefficients are the cells, then the seeds but the first."""
        y, cell, seed = _long(self.values)
        blocks = seed[:, None] == np.unique(seed)[1:]
        return _ols(y, np.column_stack([cell[:, None] == np.arange(len(self.index)), blocks]))

    def contrast(self, weights: Mapping[Cell, float], confidence: float) -> dict[str, float]:
        """Mean, t, df, p and interval of a weighted sum of cell means; NaN without a residual degree of freedom."""
        vector = np.zeros(len(self.fit.params))
        for cell, weight in weights.items():
            vector[self.index[cell]] = weight
        return _t(self.fit, vector, confidence)


def fraction(
    effects: Sequence[Effect],
    levels: Mapping[str, list[Hashable]],
    values: Mapping[Cell, np.ndarray],
    confidence: float,
    total: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:
    """Main effects and two-way interactions of a fractional factorial, by the effect's name.

    Each factor is coded to sum to 0 over its levels. Effects with the same column are aliased: what is estimated is
    their sum (or difference), and each names the others. Interactions that are partly aliased with main effects, as in
    a Plackett-Burman design, are left out of the model and are not estimable.

    Args:
        effects: those to estimate, main effects first.
        levels: {factor: levels}, the baseline's first, in the order of the cells.
        values: {cell: results (seeds,), NaN where lost}.
        confidence: of the two-sided intervals.
        total: names of effects whose sum is estimated too, under the name `TOTAL`.
    """
    if not effects or not values:
        return {}
    y, cell, seed = _long(values)
    names, cells = list(levels), list(values)
    coded = {effect.name: _coded(effect, names, levels, cells)[cell] for effect in effects}
    blocks = np.column_stack([np.ones(len(y)), seed[:, None] == np.unique(seed)[1:]])
    groups = _aliased(coded, blocks)
    model = [group[0][0] for group in groups]
    if np.linalg.matrix_rank(np.column_stack([blocks, *(coded[name] for name in model)])) < blocks.shape[1] + len(
        model
    ):
        model = [name for name in model if " × " not in name]  # partly aliased: main effects alone
    fit = _ols(y, np.column_stack([blocks, *(coded[name] for name in model)]))
    known = {effect.name: effect for effect in effects}
    estimates: dict[str, dict[str, Any]] = {}
    vectors: dict[str, np.ndarray] = {}
    seeds, estimable = len(np.unique(seed)), bool(np.isfinite(fit.params).all())
    for group in groups:
        if group[0][0] not in model:
            continue
        for name, sign in group:
            vector = np.zeros(fit.model.exog.shape[1])
            for other, weight in _in_levels(known[name], known, model, groups).items():
                vector[blocks.shape[1] + model.index(other)] += weight
            aliases = " ".join(
                f"{'+' if sign == other_sign else '−'} {other}" for other, other_sign in group if other != name
            )
            vectors[name] = vector
            estimates[name] = {
                "estimable": estimable, "method": FRACTION,
                "aliases": aliases, "group": group[0][0], "n": seeds, **_t(fit, vector, confidence),
            }  # fmt: skip
    if total and vectors.keys() >= {*total}:
        summed = _t(fit, sum((vectors[name] for name in total), np.zeros(len(fit.params))), confidence)
        estimates[TOTAL] = {"estimable": estimable, "method": FRACTION, "aliases": "", "n": seeds, **summed}
    return estimates


def _coded(effect: Effect, names: list[str], levels: Mapping[str, list[Hashable]], cells: list[Cell]) -> np.ndarray:
    """Effect-coded column: 1 at the changed level, -1 at the baseline's, else 0; the product over factors."""
    column = np.ones(len(cells))
    for factor, level in effect.levels.items():
        of_factor = [cell[names.index(factor)] for cell in cells]
        column *= [1.0 if value == level else -1.0 if value == levels[factor][0] else 0.0 for value in of_factor]
    return column


def _aliased(coded: Mapping[str, np.ndarray], blocks: np.ndarray) -> list[list[tuple[str, int]]]:
    """Groups of effects (name, sign) with the same column up to its sign, in order; constant columns are left out."""
    basis = np.linalg.qr(blocks)[0]
    groups: list[tuple[np.ndarray, list[tuple[str, int]]]] = []
    for name, column in coded.items():
        rest = column - basis @ (basis.T @ column)
        length = float(np.linalg.norm(rest))
        if length <= TOLERANCE * max(float(np.linalg.norm(column)), 1.0):
            continue
        for unit, group in groups:
            cosine = float(unit @ rest) / length
            if abs(cosine) > 1 - TOLERANCE:
                group.append((name, 1 if cosine > 0 else -1))
                break
        else:
            groups.append((rest / length, [(name, 1)]))
    return [group for _, group in groups]


def _in_levels(
    effect: Effect, known: Mapping[str, Effect], model: list[str], groups: list[list[tuple[str, int]]]
) -> dict[str, float]:
    """An effect as a sum of the model's coefficients: level minus baseline, or the difference of such differences.

    With coefficients b coded to sum to 0, the mean of a level is m + b and that of the baseline m - sum of all b.
    """
    representative = {name: (group[0][0], sign) for group in groups for name, sign in group}
    total: dict[str, float] = {}
    for name, other in known.items():
        if set(other.levels) != set(effect.levels) or representative.get(name, ("", 1))[0] not in model:
            continue
        # Of each factor: b of the changed level counts twice (once for itself, once in the baseline), others once.
        weight = float(
            np.prod([2.0 if other.levels[factor] == level else 1.0 for factor, level in effect.levels.items()])
        )
        kept, sign = representative[name]
        total[kept] = total.get(kept, 0.0) + sign * weight
    return total


def _long(values: Mapping[Cell, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Result, cell and seed, as positions, of every run that has a result."""
    table = np.array([*values.values()], dtype=float)
    cell, seed = np.nonzero(~np.isnan(table))
    return table[cell, seed], cell, seed


def _ols(y: np.ndarray, design: np.ndarray) -> Any:
    from statsmodels.api import OLS

    with warnings.catch_warnings():  # unbalanced designs are expected; `estimable` has the consequence
        warnings.filterwarnings("ignore", message="The design matrix is rank-deficient")
        return OLS(y, design.astype(float)).fit()


def _t(fit: Any, vector: np.ndarray, confidence: float) -> dict[str, float]:
    """The t-test of a contrast of a fitted model, with the text for the table of contrasts."""
    mean, df = float(vector @ fit.params), float(fit.df_resid)
    unknown = dict.fromkeys(("t", "p", "low", "high"), np.nan)
    if not df > 0 or not fit.ssr > TOLERANCE**2 * float(fit.model.endog @ fit.model.endog):
        return {"mean": mean, "df": df, **unknown}
    test = fit.t_test(vector)
    low, high = np.ravel(test.conf_int(1 - confidence))
    return {"mean": mean, "df": df, "t": float(np.ravel(test.tvalue)[0]), "p": float(np.ravel(test.pvalue)[0]),
            "low": float(low), "high": float(high)}  # fmt: skip


def residuals(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what `columns` add to the space of `basis`: (rows, rank added)."""
    scale = np.linalg.norm(columns, axis=0)
    rest = columns - basis @ (basis.T @ columns)
    rest = rest - basis @ (basis.T @ rest)  # once more: what rounding left
    left, singular, _ = np.linalg.svd(rest, full_matrices=False)
    return left[:, singular > TOLERANCE * max(float(scale.max(initial=0)), 1.0) * max(rest.shape)]


def subsets(factors: Sequence[str]) -> list[tuple[str, ...]]:
    """All terms of a factorial model, main effects first."""
    return [term for size in range(1, len(factors) + 1) for term in itertools.combinations(factors, size)]
