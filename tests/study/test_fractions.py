"""Economical designs: the catalogue of Montgomery, orthogonality, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from ablate.study import aliases, plan
from ablate.study.fractions import FRACTIONS
from ablate.terminal.errors import InputError
from tests.study.test_plan import SETTINGS

pytest.importorskip("pydoe")
# Montgomery, Design and Analysis of Experiments, table 8.14: runs of the smallest 2^(k-p) of each resolution.
RUNS = {
    3: {3: 4, 5: 8, 6: 8, 7: 8, 9: 16, 10: 16, 11: 16, 12: 16, 13: 16, 14: 16, 15: 16},
    4: {4: 8, 6: 16, 7: 16, 8: 16, 9: 32, 10: 32, 11: 32},
    5: {5: 16, 6: 32, 8: 64, 9: 128, 10: 128, 11: 128},
}


def factors(count: int) -> dict[str, list[str]]:
    return {f"f{k}": ["off", "on"] for k in range(count)}


def signs(count: int, **settings) -> np.ndarray:
    """The design as a matrix of -1 (first level) and 1."""
    variants = plan.variants(replace(SETTINGS, **settings), factors(count))
    assert set(variants[0].values()) == {"off"}, "the baseline is not the first run"
    assert len({tuple(variant.values()) for variant in variants}) == len(variants)
    return np.array([[1.0 if level == "on" else -1.0 for level in variant.values()] for variant in variants])


@pytest.mark.parametrize(("resolution", "count"), [(r, k) for r, known in RUNS.items() for k in known])
def test_a_fraction_has_the_runs_of_the_catalogue_and_its_resolution(resolution, count):
    design = signs(count, design="fractional", resolution=resolution)
    assert design.shape == (RUNS[resolution][count], count)
    assert not list(aliases.words(design, resolution - 1))
    np.testing.assert_array_equal(design.T @ design, len(design) * np.eye(count))
    assert not design.sum(axis=0).any()


@pytest.mark.parametrize("count", [3, 4, 7, 8, 11, 12, 19, 23, 24, 27, 31, 36])
def test_a_plackett_burman_design_is_orthogonal_and_has_the_baseline(count):
    design = signs(count, design="plackett_burman")
    np.testing.assert_array_equal(design.T @ design, len(design) * np.eye(count))
    if count not in (24, 27, 36):  # pydoe has none of 28 and 40 runs
        assert len(design) == 4 * (count // 4 + 1)


def test_the_default_resolution_is_four():
    np.testing.assert_array_equal(signs(6, design="fractional"), signs(6, design="fractional", resolution=4))


def test_a_foldover_of_resolution_three_separates_main_effects_from_two_way_interactions():
    once = signs(7, design="fractional", resolution=3)
    folded = signs(7, design="fractional", resolution=3, foldover="all")
    assert (len(once), len(folded)) == (8, 16)
    np.testing.assert_array_equal(folded[:8], once)
    assert any(len(term) == 1 for group in aliases.aliased(once) for term, _ in group)
    assert all(len(term) == 2 for group in aliases.aliased(folded) for term, _ in group)
    screening = signs(11, design="plackett_burman", foldover="all")
    assert len(screening) == 24 and aliases.partly_aliased(screening) == 0
    assert aliases.partly_aliased(signs(11, design="plackett_burman")) == pytest.approx(1 / 3)


def test_a_foldover_on_one_factor_separates_its_interactions():
    folded = signs(4, design="fractional", resolution=4, foldover="f0")
    assert len(folded) == 16 and not aliases.aliased(folded)
    six = signs(6, design="fractional", resolution=4, foldover="f1")
    assert len(six) == 32 and all(1 not in term for group in aliases.aliased(six) for term, _ in group)


@pytest.mark.parametrize(
    ("count", "settings", "message"),
    [
        (3, {"design": "fractional"}, "all 8 combinations. Type study.design=factorial, or study.resolution=3"),
        (4, {"design": "fractional", "resolution": 5}, "all 16 combinations.*or study.resolution=4"),
        (2, {"design": "fractional", "resolution": 3}, "all 4 combinations. Type study.design=factorial\\."),
        (2, {"design": "plackett_burman"}, "all 4 combinations. Type study.design=factorial"),
        (4, {"resolution": 4}, "study.resolution applies only to study.design=fractional"),
        (4, {"design": "plackett_burman", "resolution": 3}, "applies only to study.design=fractional"),
        (4, {"draw_seed": 1}, "study.draw_seed applies only to study.design=random"),
        (4, {"foldover": "all"}, "study.foldover applies only to study.design=fractional"),
        (4, {"design": "fractional", "foldover": "f9"}, "not a factor. Type study.foldover=all, or one of f0, f1"),
        (4, {"design": "fractional", "foldover": "all"}, "repeats the runs .*Type study.foldover=f0 to separate"),
        (4, {"design": "fractional", "exclude": [{"f0": "on"}]}, "study.exclude cannot be combined with"),
        (51, {"design": "plackett_burman"}, "more than the limit of 50"),
    ],
)  # fmt: skip
def test_a_fraction_that_does_not_exist_is_refused_with_what_to_type(count, settings, message):
    with pytest.raises(InputError, match=message):
        plan.variants(replace(SETTINGS, **settings), factors(count))


@pytest.mark.parametrize("design", FRACTIONS)
@pytest.mark.parametrize("levels", [["a"], ["a", "b", "c"], list("abcdefgh")])
def test_a_factor_without_two_levels_is_refused(design, levels):
    with pytest.raises(InputError, match=f"two levels of each factor, and many has {len(levels)}: a"):
        plan.variants(replace(SETTINGS, design=design), {**factors(4), "many": levels})
