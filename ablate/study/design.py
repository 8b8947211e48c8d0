"""Designs: which combinations of factor levels (variants) a study runs.

A design takes the factors {factor: levels}, where the first level of each factor is that of the baseline. It yields
each variant {factor: level} once, the baseline first.
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
    """Yield all combinations of levels (full factorial design, Fisher 1935)."""
    for levels in itertools.product(*factors.values()):
        yield dict(zip(factors, levels, strict=True))


def one_at_a_time(factors: Factors) -> Iterator[Variant]:
    """Yield the baseline, then each variant that differs from it in one factor (leave-one-out for a full method)."""
    yield from _changes(factors, 1)


def pairwise(factors: Factors) -> Iterator[Variant]:
    """Yield all variants that differ from the baseline in at most two factors, as two-way interactions require."""
    yield from _changes(factors, 2)


def _changes(factors: Factors, most: int) -> Iterator[Variant]:
    """Yield the variants that differ from the baseline in at most `most` factors, fewest first."""
    for count in range(most + 1):
        for changed in itertools.combinations(factors, count):
            for levels in itertools.product(*(factors[factor][1:] for factor in changed)):
                yield baseline(factors) | dict(zip(changed, levels, strict=True))


def cumulative(factors: Factors) -> Iterator[Variant]:
    """Yield the baseline, then add one change after the other, in the order of the factors and levels."""
    variant = baseline(factors)
    yield variant
    for factor, levels in factors.items():
        for level in levels[1:]:
            variant = variant | {factor: level}
            yield variant


def random(factors: Factors, seed: int) -> Iterator[Variant]:
    """Yield the baseline, then all other combinations in random order; the first n are a random sample.

    Args:
        factors: {factor: levels}.
        seed: seed of the random order.
    """
    sizes = [len(levels) for levels in factors.values()]
    generator = np.random.default_rng(seed)
    seen: set[tuple[int, ...]] = set()
    indices = (0,) * len(sizes)  # the baseline
    while True:
        seen.add(indices)
        yield {factor: levels[index] for (factor, levels), index in zip(factors.items(), indices, strict=True)}
        if len(seen) == math.prod(sizes):
            return
        while indices in seen:
            indices = tuple(generator.integers(sizes).tolist())


DESIGNS: dict[str, Callable[..., Iterator[Variant]]] = {
    design.__name__: design for design in (factorial, one_at_a_time, pairwise, cumulative, random)
}
