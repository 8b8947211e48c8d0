"""Several factors together: main effects and interactions, analysis of variance, shares, attribution.

Exploratory: each table is corrected (Holm) for its own tests, apart from the verdicts.
"""

import itertools
from typing import NamedTuple

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.stats.linear_model import FRACTION
from ablate.analysis.stats.variance import RESIDUAL

MOST_FACTORS = 6  # of more, the interactions are too many to read, unless the design is orthogonal
MOST_EFFECTS = 60  # of more, main effects only
LARGEST_MODEL = 4_000_000  # runs x cells of a linear model; larger ones take minutes and gigabytes


class FactorEffects(NamedTuple):
    """The frames of `ablate.analysis.stats`, with Holm's p; None if the study has none."""

    contrasts: pd.DataFrame | None = None
    anova: pd.DataFrame | None = None
    shares: pd.DataFrame | None = None
    attribution: pd.DataFrame | None = None


def factor_effects(runs: pd.DataFrame, metric: str) -> FactorEffects:
    """The effects of the factors of a study with two or more; interactions if they are estimable.

    None in a study whose linear model would be too large.

    Of effects that are aliased, the first one is kept, with the names of the others.
    """
    factors = collect.varied(runs)
    frame = runs.assign(**{metric: runs[metric].where(runs["status"] == "completed")})[[*factors, "seed", metric]]
    if len(factors) < 2 or (len(factors) > MOST_FACTORS and not _is_orthogonal(frame, factors)):
        return FactorEffects()
    if len(frame) * len(frame[factors].drop_duplicates()) > LARGEST_MODEL:
        return FactorEffects()
    contrasts = stats.contrasts(frame, factors, metric)
    if contrasts["method"].eq(FRACTION).any():
        terms = _terms_of_fraction(contrasts)
    else:
        terms = stats.every_term(factors, None if len(factors) <= MOST_FACTORS else 2)
    anova = stats.anova(frame, metric, terms, block="seed")
    shares = stats.shares(frame, metric, terms, block="seed")
    contrasts = contrasts[contrasts["group"] == contrasts.index]
    main = contrasts["kind"] == "main"
    interactions = [name for name, term in terms.items() if len(term) > 1]
    if not contrasts.loc[~main, "estimable"].any() or len(contrasts) > MOST_EFFECTS:  # no rows of nothing
        contrasts, anova = contrasts[main], anova[~anova["term"].isin(interactions)]
    of_factors = ~anova["term"].isin(["seed", RESIDUAL])
    attribution = stats.attribution(frame, factors, metric)
    if attribution is not None:
        tested = attribution["p"].where(attribution["factor"] != stats.TOTAL)
        attribution = attribution.assign(p_holm=stats.holm(tested))
    return FactorEffects(
        contrasts.assign(p_holm=stats.holm(contrasts["p"])).reset_index(drop=True),
        anova.assign(p_holm=stats.holm(anova["p"].where(of_factors))),
        shares,
        attribution,
    )


def _is_orthogonal(frame: pd.DataFrame, factors: list[str]) -> bool:
    """Whether each pair of factors has all pairs of levels equally often, as in full and fractional factorials."""
    cells = frame[factors].drop_duplicates()
    return all(
        len(counts := cells.groupby([one, other]).size()) == cells[one].nunique() * cells[other].nunique()
        and counts.nunique() == 1
        for one, other in itertools.combinations(factors, 2)
    )


def _terms_of_fraction(contrasts: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The terms that a fraction separates, named with those they are aliased with: `A:B = C:D`."""
    terms = {
        row.Index: (row.factor,) if row.kind == "main" else (row.factor, row.factor_2)
        for row in contrasts[contrasts["estimable"] | (contrasts["kind"] == "main")].itertuples()
    }
    aliased: dict[tuple[str, ...], list[str]] = {}
    for place, term in terms.items():
        aliased.setdefault(terms[contrasts["group"][place]], []).append(":".join(term))
    return {" = ".join(dict.fromkeys(names)): term for term, names in aliased.items()}
