"""Analysis of variance, and the share of the sum of squares of each term."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ablate.analysis.stats.linear_model import residuals, subsets

RESIDUAL = "Residual"
FEWEST = 5  # smallest number of seeds for a bootstrap
RESAMPLES = 2000  # of the seeds, where none lost a run
RESAMPLES_REFITTED = 200  # where every resample needs a fit of its own


Terms = Mapping[str, Sequence[str]]  # name of a term -> its factors


def every_term(factors: Sequence[str], largest: int | None = None) -> dict[str, tuple[str, ...]]:
    """The terms of a factorial model with interactions of up to `largest` factors (None: all), main effects first."""
    return {":".join(term): term for term in subsets(factors) if largest is None or len(term) <= largest}


def anova(frame: pd.DataFrame, response: str, terms: Terms, block: str | None = None) -> pd.DataFrame:
    """Analysis of variance.

    A term's sum of squares is the reduction of the residual sum of squares when it is added to the model of all terms
    that do not contain it (type II; Fox 2016). Its df is the difference of the two matrix ranks. A
    term that adds no rank is not `estimable`: empty or aliased cells. Independent errors of one variance are assumed.

    Args:
        frame: one row per run; rows without a response are dropped.
        response: name of the compared column.
        terms: main effects and interactions of the model (`every_term`), by the name in the result.
        block: name of a column that is a block (the seed), if any.

    Returns:
        One row per term, then the block and the residual: term, df, sum_sq, F, p, estimable.
    """
    from scipy.special import fdtrc

    frame = frame.dropna(subset=response)
    y = _centered(frame[response].to_numpy(float))
    named = {frozenset(term): name for name, term in terms.items()} | ({frozenset([block]): block} if block else {})
    model = list(named)
    columns = {term: _indicators(frame, [name for name in frame if name in term]) for term in model}
    fitted: dict[frozenset[frozenset[str]], tuple[int, float]] = {}

    def fit(of: list[frozenset[str]]) -> tuple[int, float]:
        """Rank and residual sum of squares. An interaction's cells contain the terms within it."""
        widest = frozenset(term for term in of if not any(term < other for other in of))
        if widest not in fitted:
            fitted[widest] = _fit(np.column_stack([np.ones(len(y)), *(columns[term] for term in widest)]), y)
        return fitted[widest]

    rank, rss = fit(model)
    residual = len(y) - rank
    mse = rss / residual if residual > 0 else np.nan
    rows = []
    for term, name in named.items():
        without = [other for other in model if not term <= other]
        (rank_0, rss_0), (rank_1, rss_1) = fit(without), fit([*without, term])
        df, sum_sq = rank_1 - rank_0, max(rss_0 - rss_1, 0.0)
        if not df:
            rows.append((name, 0, np.nan, np.nan, np.nan, False))
            continue
        f = sum_sq / df / mse if mse else np.nan
        rows.append((name, df, sum_sq, f, float(fdtrc(df, residual, f)) if residual > 0 else np.nan, True))
    rows.append((RESIDUAL, residual, rss, np.nan, np.nan, residual > 0))
    return pd.DataFrame(rows, columns=["term", "df", "sum_sq", "F", "p", "estimable"])


def shares(
    frame: pd.DataFrame, response: str, terms: Terms, block: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """The share of each term, of the block and of the residual in the total sum of squares; they sum to 1.

    Sums of squares are sequential: the block, then the terms in their order. On
    a full factorial without lost runs the order does not matter, and this is functional ANOVA (Hutter et al. 2014).

    The interval is a percentile bootstrap over seeds: blocks are drawn with replacement, all runs of a seed together.
    NaN without blocks, or with fewer than `FEWEST`.

    Args:
        frame, response, terms, block: as for `anova`.
        confidence: of the two-sided intervals.

    Returns:
        One row per term that is estimable, then the block and the residual: term, share, low, high, ordered (True if
        the shares depend on the order of the terms).
    """
    frame = frame.dropna(subset=response)
    y = frame[response].to_numpy(float)
    names = [*([block] if block else []), *terms]
    design = [*([[block]] if block else []), *map(list, terms.values())]
    bases = _bases(frame, design)
    table = pd.DataFrame({"term": [*names, RESIDUAL], "share": _shares(bases, y)})
    drawn = _bootstrap(frame, response, design, bases, block) if block else np.empty((0, len(table)))
    tail = 100 * (1 - confidence) / 2
    table["low"], table["high"] = np.percentile(drawn, [tail, 100 - tail], axis=0) if len(drawn) else (np.nan, np.nan)
    table["ordered"] = not _orthogonal(frame, design, bases)
    known = [basis.shape[1] > 0 for basis in bases] + [True]
    order = [place for place, name in enumerate(table["term"]) if name not in (block, RESIDUAL)]
    order += [place for place, name in enumerate(table["term"]) if name in (block, RESIDUAL)]
    return table.iloc[[place for place in order if known[place]]].reset_index(drop=True)


def _bases(frame: pd.DataFrame, design: Sequence[list[str]]) -> list[np.ndarray]:
    """For each term, an orthonormal basis (runs, df) of what it adds to the mean and the terms before it."""
    before = np.full((len(frame), 1), 1 / np.sqrt(max(len(frame), 1)))
    bases = []
    for term in design:
        bases.append(residuals(before, _indicators(frame, term)))
        before = np.column_stack([before, bases[-1]])
    return bases


def _shares(bases: Sequence[np.ndarray], y: np.ndarray) -> np.ndarray:
    """Shares (..., terms + 1) of y (..., runs), the residual's last; NaN without any variance."""
    y = y - y.mean(axis=-1, keepdims=True) if y.shape[-1] else y
    total = (y**2).sum(axis=-1)
    parts = np.stack([((y @ basis) ** 2).sum(axis=-1) for basis in bases], axis=-1)
    parts = np.concatenate([parts, (total - parts.sum(axis=-1))[..., None].clip(0)], axis=-1)
    with np.errstate(invalid="ignore"):
        result: np.ndarray = parts / np.where(total > 0, total, np.nan)[..., None]
    return result


def _bootstrap(
    frame: pd.DataFrame, response: str, design: Sequence[list[str]], bases: Sequence[np.ndarray], block: str
) -> np.ndarray:
    """Shares (resamples, terms + 1) of studies of resampled seeds; empty with fewer than `FEWEST` seeds."""
    seeds = [rows for _, rows in frame.groupby(block, sort=False)]
    if len(seeds) < FEWEST:
        return np.empty((0, len(design) + 1))
    factors = list(dict.fromkeys(name for term in design for name in term if name != block))
    cells = [list(rows[factors].itertuples(index=False, name=None)) for rows in seeds]
    random = np.random.default_rng(0)
    if all(sorted(of_seed, key=str) == sorted(cells[0], key=str) for of_seed in cells):
        # Every seed has the same cells, so that a resample only moves results between blocks of one design.
        results = [dict(zip(of_seed, rows[response], strict=True)) for of_seed, rows in zip(cells, seeds, strict=True)]
        values = np.array([[by_cell[cell] for cell in cells[0]] for by_cell in results])
        position = {(seed, cell): i for i, (seed, cell) in enumerate(_run_keys(frame, factors, block))}
        place = np.array([[position[rows[block].iloc[0], cell] for cell in cells[0]] for rows in seeds])
        drawn = random.integers(len(seeds), size=(RESAMPLES, len(seeds)))
        y = np.empty((RESAMPLES, len(frame)))
        y[:, place] = values[drawn]
        return _shares(bases, y)
    rows = []
    for _ in range(RESAMPLES_REFITTED):
        drawn_seeds = random.integers(len(seeds), size=len(seeds))
        sample = pd.concat([seeds[k].assign(**{block: i}) for i, k in enumerate(drawn_seeds)], ignore_index=True)
        rows.append(_shares(_bases(sample, design), sample[response].to_numpy(float)))
    return np.array(rows)


def _run_keys(frame: pd.DataFrame, factors: list[str], block: str) -> list[tuple[object, tuple[object, ...]]]:
    return list(zip(frame[block], frame[factors].itertuples(index=False, name=None), strict=True))


def _orthogonal(frame: pd.DataFrame, design: Sequence[list[str]], forward: Sequence[np.ndarray]) -> bool:
    """True if every term adds the same whatever comes before it, as in a full factorial without lost runs.

    Args:
        frame, design: see `_bases`.
        forward: the bases.
    """
    mains = [[name] for name in dict.fromkeys(name for term in design for name in term)]
    backward = _bases(frame, mains[::-1])
    first = {tuple(term): basis for term, basis in zip(design, forward, strict=True) if len(term) == 1}
    return all(
        first[tuple(term)].shape == basis.shape
        and np.allclose(np.linalg.norm(basis.T @ first[tuple(term)]) ** 2, basis.shape[1], atol=1e-6)
        for term, basis in zip(mains[::-1], backward, strict=True)
    )


def _centered(y: np.ndarray) -> np.ndarray:
    """Subtract the mean, so that sums of squares lose no digits."""
    return y - y.mean() if len(y) else y


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
