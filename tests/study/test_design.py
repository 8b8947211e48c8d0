"""Designs against their definitions, whatever the factors."""

import itertools
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.schema import StudySettings
from ablate.study.design import DESIGNS, baseline, cumulative, factorial, one_at_a_time, pairwise, random
from ablate.study.fractions import FRACTIONS
from ablate.study.path import PATH

LEVELS = st.lists(st.text("abc012", min_size=1, max_size=3), min_size=1, max_size=4, unique=True)
FACTORS = st.dictionaries(st.text("fghk", min_size=1, max_size=3), LEVELS, max_size=4)


def distance(variant, factors) -> int:
    """How many factors are away from the baseline."""
    return sum(variant[factor] != levels[0] for factor, levels in factors.items())


def others(factors) -> list[int]:
    return [len(levels) - 1 for levels in factors.values()]


@pytest.mark.parametrize("name", DESIGNS)
@given(factors=FACTORS)
def test_the_baseline_is_first_no_variant_comes_twice_and_each_is_a_combination(name, factors):
    variants = list(DESIGNS[name](factors, **({"seed": 0} if name == "random" else {})))
    assert variants[0] == baseline(factors)
    assert len({tuple(variant.items()) for variant in variants}) == len(variants)
    for variant in variants:
        assert list(variant) == list(factors) and all(variant[f] in levels for f, levels in factors.items())


@given(FACTORS)
def test_how_many_variants_a_design_has(factors):
    k = others(factors)
    assert len(list(factorial(factors))) == prod(n + 1 for n in k)
    assert len(list(one_at_a_time(factors))) == 1 + sum(k)
    assert len(list(pairwise(factors))) == 1 + sum(k) + sum(a * b for a, b in itertools.combinations(k, 2))
    assert len(list(cumulative(factors))) == 1 + sum(k)
    assert len(list(random(factors, 0))) == prod(n + 1 for n in k)


@given(FACTORS)
def test_how_far_from_the_baseline_a_design_goes(factors):
    assert all(distance(variant, factors) == 1 for variant in list(one_at_a_time(factors))[1:])
    assert all(distance(variant, factors) <= 2 for variant in pairwise(factors))
    steps = list(cumulative(factors))
    for before, after in itertools.pairwise(steps):
        assert sum(before[factor] != after[factor] for factor in factors) == 1
    assert steps[-1] == {factor: levels[-1] for factor, levels in factors.items()}


@given(FACTORS, st.integers(0, 2**63 - 1))
def test_a_random_design_is_all_combinations_in_an_order_that_its_seed_fixes(factors, seed):
    drawn = [tuple(variant.items()) for variant in random(factors, seed)]
    assert set(drawn) == {tuple(variant.items()) for variant in factorial(factors)}
    assert drawn == [tuple(variant.items()) for variant in random(factors, seed)]


def test_random_draws_are_uniform_over_the_other_variants():
    factors = {"a": ["0", "1", "2"], "b": ["0", "1"]}
    second = [tuple(list(random(factors, seed))[1].values()) for seed in range(2000)]
    counts = [second.count(variant) for variant in set(second)]
    # 2000 draws of 5 variants: 400 each, standard deviation 18.
    assert len(counts) == 5 and all(abs(count - 400) < 5 * 18 for count in counts)


def test_the_designs_of_a_hand_made_study():
    factors = {"model": ["resnet", "cnn"], "augmentation": ["flip", "none", "cutout"]}
    assert [tuple(v.values()) for v in one_at_a_time(factors)] == [
        ("resnet", "flip"), ("cnn", "flip"), ("resnet", "none"), ("resnet", "cutout"),
    ]  # fmt: skip
    assert [tuple(v.values()) for v in cumulative(factors)] == [
        ("resnet", "flip"), ("cnn", "flip"), ("cnn", "none"), ("cnn", "cutout"),
    ]  # fmt: skip
    assert [tuple(v.values()) for v in pairwise(factors)][4:] == [("cnn", "none"), ("cnn", "cutout")]


def test_the_schema_allows_every_design_there_is():
    assert StudySettings.__dataclass_fields__["design"].metadata["allowed"].choices == (*DESIGNS, *FRACTIONS, PATH)
