"""Designs: which combinations of levels, the variants, a study runs. In each the baseline comes first.

A design is a function of the factors, {factor: levels}, the first level of each being the baseline's. It yields each
variant, {factor: level}, once.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

Factors = Mapping[str, Sequence[str]]
Variant = dict[str, str]


def baseline(factors: Factors) -> Variant:
    """The first level of every factor."""
    return {factor: levels[0] for factor, levels in factors.items()}


def factorial(factors: Factors) -> Iterator[Variant]:
    """Every combination of levels (Fisher 1935)."""
    for levels in itertools.product(*factors.values()):
        yield dict(zip(factors, levels, strict=True))


def one_at_a_time(factors: Factors) -> Iterator[Variant]:
    """The baseline, then each other level alone: leave-one-out, if the baseline is the full method."""
    yield from _changes(factors, 1)


def pairwise(factors: Factors) -> Iterator[Variant]:
    """One at a time, then every change of two factors together: all that two-way interactions need."""
    yield from _changes(factors, 2)


def _changes(factors: Factors, most: int) -> Iterator[Variant]:
    """The variants with at most so many factors away from the baseline, fewest first."""
    for count in range(most + 1):
        for changed in itertools.combinations(factors, count):
            for levels in itertools.product(*(factors[factor][1:] for factor in changed)):
                yield baseline(factors) | dict(zip(changed, levels, strict=True))


def cumulative(factors: Factors) -> Iterator[Variant]:
    """The baseline, then one change more in each step, in the order given; earlier changes stay."""
    variant = baseline(factors)
    yield variant
    for factor, levels in factors.items():
        for level in levels[1:]:
            variant = variant | {factor: level}
            yield variant


def random(factors: Factors, seed: int) -> Iterator[Variant]:
    """All combinations, after the baseline in a random order that `seed` fixes: its first n are a sample of n."""
    sizes = [len(levels) for levels in factors.values()]
    draws = np.random.default_rng(seed)
    seen: set[tuple[int, ...]] = set()
    drawn = (0,) * len(sizes)  # the baseline
    while True:
        seen.add(drawn)
        yield {factor: levels[index] for (factor, levels), index in zip(factors.items(), drawn, strict=True)}
        if len(seen) == math.prod(sizes):
            return
        while drawn in seen:
            drawn = tuple(draws.integers(sizes).tolist())


DESIGNS: dict[str, Callable[..., Iterator[Variant]]] = {
    design.__name__: design for design in (factorial, one_at_a_time, pairwise, cumulative, random)
}
