"""How many runs a study in stages is expected to need, by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.analysis.stats.stages import Decisions, StagePlan, decide, p_values

STUDIES = 2000
CORRELATION = 0.5  # of the differences of two variants: that of equal runs which share the baseline


@dataclass(frozen=True)
class ExpectedRuns:
    """Means over simulated studies.

    Attributes:
        runs: all runs, the baseline's included.
        low, high: 5 % and 95 % quantiles of these over studies.
        fixed: runs of the study without looks.
        seeds: of each variant (variants,).
        decided: share of studies that decide each variant (variants,).
    """

    runs: float
    low: float
    high: float
    fixed: int
    seeds: np.ndarray
    decided: np.ndarray


def expected_runs(plan: StagePlan, effects: Sequence[tuple[float, float]], studies: int = STUDIES) -> ExpectedRuns:
    """The runs of a study whose variants have these effects, simulated with a fixed seed.

    Args:
        plan: the plan; it may have more comparisons than there are effects.
        effects: mean and SD of the differences of each variant from the baseline, in the unit of the margin.
        studies: number of simulated studies. With 2000, the standard error of `runs` is below 1 % of the fixed study.
    """
    decisions = decide_simulated(
        plan, simulated_differences(effects, plan.looks[-1], studies, np.random.default_rng(0))
    )
    seeds, runs = used_runs(plan, decisions)
    low, high = np.quantile(runs, [0.05, 0.95])
    fixed = plan.looks[-1] * (len(effects) + 1)
    decided = (decisions.look < len(plan.looks)).mean(axis=0)
    return ExpectedRuns(float(runs.mean()), float(low), float(high), fixed, seeds.mean(axis=0), decided)


def simulated_differences(
    effects: Sequence[tuple[float, float]], seeds: int, studies: int, rng: np.random.Generator
) -> np.ndarray:
    """Normal differences (studies, variants, seeds) with these means and SDs, correlated between variants."""
    mean, sd = (np.array(values)[:, None] for values in zip(*effects, strict=True))
    shared = rng.standard_normal((studies, 1, seeds))
    independent = rng.standard_normal((studies, len(effects), seeds))
    return np.asarray(mean + sd * (np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * independent))


def decide_simulated(plan: StagePlan, differences: np.ndarray) -> Decisions:
    """The decisions of studies (studies, variants, seeds) that lose no seed."""
    n = np.array(plan.looks)
    total, squares = (np.cumsum(values, axis=-1)[..., n - 1] for values in (differences, differences**2))
    error = np.sqrt(np.maximum(squares - total**2 / n, 0) / (n - 1) / n)
    return decide(plan, *p_values(plan, plan.looks, total / n, error))


def used_runs(plan: StagePlan, decisions: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """Seeds of each variant (studies, variants), and all runs (studies,): the baseline continues with the undecided."""
    seeds = np.array([*plan.looks, plan.looks[-1]])[decisions.look]
    return seeds, seeds.sum(axis=-1) + seeds.max(axis=-1)
