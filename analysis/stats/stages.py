"""Studies in stages: after each planned look, decided variants stop.

Each variant has a sequential p-value of the difference and one of equivalence (`sequential`). Holm's method over the
planned variants corrects each kind. A variant is decided at the first look at which one of the two is below alpha, and
its p-values then stay. None of these p-values is below the smallest level at which a boundary has been crossed so far,
and Holm's method makes no claim that it would not make with smaller ones: the error rate of all looks together is that
of Holm's method with the sequential p-values of the last look, whenever and why ever a variant stops.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablate.analysis.stats.multiple import holm
from ablate.analysis.stats.paired import PairedDifference
from ablate.analysis.stats.sequential import Looks


@dataclass(frozen=True)
class StagePlan:
    """What is planned before the first look.

    Attributes:
        looks: number of seeds at each, increasing, at least 2.
        comparisons: number of planned variants, not counting the baseline.
        margin: of equivalence, in the unit of the differences; None: no claim of equivalence.
        alpha: error rate of each of the two kinds of claims, over all variants and looks.
        spending: a name in `sequential.SPENDING`.
    """

    looks: tuple[int, ...]
    comparisons: int
    margin: float | None = None
    alpha: float = 0.05
    spending: str = "pocock"

    def looks_of(self, sizes: Sequence[int] | None = None) -> Looks:
        """The looks of a variant with so many differences at each look so far; None: as planned.

        Looks without two differences, or without a new one, are left out.

        Raises:
            ValueError: there are more looks or differences than planned, or no look is left.
        """
        sizes = self.looks if sizes is None else sizes
        if len(sizes) > len(self.looks) or max(sizes, default=0) > self.looks[-1]:
            raise ValueError(f"looks at {list(sizes)} differences, planned: {list(self.looks)}")
        last = len(self.looks) - 1
        shares = [1.0 if place == last else size / self.looks[-1] for place, size in enumerate(sizes)]
        used = informative(sizes)
        return Looks(tuple(sizes[k] for k in used), tuple(shares[k] for k in used), self.spending)


def informative(sizes: Sequence[int]) -> list[int]:
    """Places of the looks with at least two differences and more than at any look before."""
    return [k for k, size in enumerate(sizes) if size >= 2 and size > max(sizes[:k], default=0)]


def p_values(
    plan: StagePlan, sizes: Sequence[int], mean: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sequential p-values of the difference and of equivalence, for variants with the same number of seeds.

    Equivalence is two one-sided tests at the same look, each at the level of the claim: |mean| is less than the margin
    by t standard errors. If the true difference is the margin or more, one of the two is a true null, which is rejected
    at some look with at most the probability of that level (intersection-union).

    Args:
        plan: the plan.
        sizes: number of differences at each look so far (looks,).
        mean: of the differences so far (..., looks).
        error: its standard error (..., looks); NaN or 0 where it is not testable.

    Returns:
        (..., looks) each; NaN before the first testable look, and for equivalence without a margin. What earlier looks
        showed counts as long as the mean agrees: has the same sign, or is within the margin.
    """
    shape = np.broadcast(mean, error).shape
    p, p_equivalence = np.full(shape, np.nan), np.full(shape, np.nan)
    used = informative(sizes)
    if used:
        looks = plan.looks_of(sizes)
        mean, error = mean[..., used], np.where(error[..., used] > 0, error[..., used], np.nan)
        alone, positive = looks.p_alone(mean / error), mean > 0
        signed = [np.minimum.accumulate(np.where(side, alone, 1), axis=-1) for side in (positive, ~positive)]
        held = np.maximum(np.searchsorted(used, np.arange(len(sizes)), side="right") - 1, 0)  # the last one used
        tested = np.maximum.accumulate(~np.isnan(error), axis=-1)[..., held] & (np.arange(len(sizes)) >= used[0])
        p = np.where(tested, np.where(positive, *signed)[..., held], np.nan)
        if plan.margin is not None:
            inside = looks.p((plan.margin - abs(mean)) / error, two_sided=False)
            inside = np.where(abs(mean) < plan.margin, inside, 1)
            p_equivalence = np.where(tested, inside[..., held], np.nan)
    return p, p_equivalence


@dataclass(frozen=True)
class Decisions:
    """What is decided after each look: arrays (..., variants, looks), and `look` (..., variants).

    Attributes:
        p, p_holm: sequential p-values of the difference.
        p_equivalence, p_equivalence_holm: sequential p-values of equivalence.
        look: index of the look at which the variant was decided; the number of looks if it is not.
        stopped: index of its last look; the number of looks if it continues.
    """

    p: np.ndarray
    p_holm: np.ndarray
    p_equivalence: np.ndarray
    p_equivalence_holm: np.ndarray
    look: np.ndarray
    stopped: np.ndarray


def decide(plan: StagePlan, p: np.ndarray, p_equivalence: np.ndarray, stopped: np.ndarray | None = None) -> Decisions:
    """Take the looks one after another, from the p-values (..., variants, looks) of `p_values`.

    Args:
        plan: the plan.
        p: of the difference.
        p_equivalence: of equivalence.
        stopped: index of the last look of each variant (..., variants), the number of looks if it continues; None: the
            look that decides it. p-values after it are not read.
    """
    both = np.stack([p, p_equivalence])
    adjusted, looks = np.empty_like(both), both.shape[-1]
    look = np.full(p.shape[:-1], looks)
    for k in range(looks):
        over = (look if stopped is None else stopped) < k
        both[..., k] = np.where(over, both[..., k - 1], both[..., k])  # at k = 0, none is over
        adjusted[..., k] = holm(both[..., k], plan.comparisons)
        adjusted[..., k] = np.where(over, np.fmin(adjusted[..., k], adjusted[..., k - 1]), adjusted[..., k])
        look = np.where((look == looks) & (adjusted[..., k] < plan.alpha).any(axis=0), k, look)
    return Decisions(both[0], adjusted[0], both[1], adjusted[1], look, look if stopped is None else stopped)


@dataclass(frozen=True)
class Stage:
    """One variant after one look; after its last look, only Holm's adjusted p-values change.

    Attributes:
        difference: over the seeds at this look.
        p, p_holm, p_equivalence, p_equivalence_holm: sequential p-values; NaN where nothing was testable.
        interval: repeated confidence interval at 1 - alpha (Jennison & Turnbull 1984): all those of the looks hold
            together.
        simultaneous: the same for all planned variants (Bonferroni).
        equivalence: repeated interval at 1 - 2 alpha.
        decided: whether a claim is made: one of the two p-values of Holm's method is below alpha.
    """

    difference: PairedDifference
    p: float
    p_holm: float
    p_equivalence: float
    p_equivalence_holm: float
    interval: tuple[float, float]
    simultaneous: tuple[float, float]
    equivalence: tuple[float, float]
    decided: bool


def stages(
    plan: StagePlan,
    differences: Mapping[str, Sequence[PairedDifference]],
    stopped: Mapping[str, int] | None = None,
) -> dict[str, list[Stage]]:
    """Each variant after each look so far, in the order of the looks.

    Args:
        plan: the plan.
        differences: of each variant from the baseline, one per look: over the seeds that had a result when the look was
            taken. A sequence may end at the last look of the variant.
        stopped: {variant: index of its last look}, the others continue: for verdicts that depend on more than these
            p-values, such as those of runs that diverge. None: a variant stops at the look that decides it.

    Returns:
        {variant: one per look taken}, without variants that have no look.

    Raises:
        ValueError: there are more looks, differences or variants than planned.
    """
    taken = max((len(looks) for looks in differences.values()), default=0)
    held = {name: [looks[min(k, len(looks) - 1)] for k in range(taken)] for name, looks in differences.items() if looks}
    p, p_equivalence = (np.empty((len(held), taken)) for _ in range(2))
    for row, looks in enumerate(held.values()):
        sizes = [one.n for one in looks]
        mean, error = (np.array([getattr(one, name) for one in looks]) for name in ("mean", "error"))
        p[row], p_equivalence[row] = p_values(plan, sizes, mean, error)
    last = None if stopped is None else np.array([stopped.get(name, taken) for name in held])
    decisions = decide(plan, p, p_equivalence, last)
    return {
        name: [_stage(plan, looks, decisions, row, k) for k in range(taken)]
        for row, (name, looks) in enumerate(held.items())
    }


def _stage(plan: StagePlan, looks: Sequence[PairedDifference], decisions: Decisions, row: int, k: int) -> Stage:
    sizes = [one.n for one in looks[: min(k, int(decisions.stopped[row])) + 1]]
    used, m = informative(sizes), max(plan.comparisons, 1)
    last = looks[used[-1]] if used else looks[0]

    def interval(level: float, two_sided: bool) -> tuple[float, float]:
        half = float(plan.looks_of(sizes).critical(level, two_sided)[-1]) * last.error if used else np.nan
        return last.mean - half, last.mean + half

    return Stage(
        last,
        p=float(decisions.p[row, k]),
        p_holm=float(decisions.p_holm[row, k]),
        p_equivalence=float(decisions.p_equivalence[row, k]),
        p_equivalence_holm=float(decisions.p_equivalence_holm[row, k]),
        interval=interval(plan.alpha, two_sided=True),
        simultaneous=interval(plan.alpha / m, two_sided=True),
        equivalence=interval(plan.alpha, two_sided=False),
        decided=bool(decisions.p_holm[row, k] < plan.alpha or decisions.p_equivalence_holm[row, k] < plan.alpha),
    )
