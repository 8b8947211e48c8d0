"""Which effects a report has: fractions, many factors, aliases; and what seven factors cost one at a time."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import stats
from ablate.analysis.factor_effects import factor_effects
from ablate.study import plan
from tests.analysis.stats.designs import FILTRATION
from tests.study.test_plan import SETTINGS


def runs(variants: list[dict[str, str]], seeds: int = 3, noise: float = 0.1) -> pd.DataFrame:
    """A frame of `collect`: the k-th factor adds k + 1, and the first two interact."""
    rng = np.random.default_rng(0)
    rows = []
    for number, variant in enumerate(variants):
        on = [level == "on" for level in variant.values()]
        for seed in range(seeds):
            value = sum((k + 1) * x for k, x in enumerate(on)) + 2.0 * (on[0] and on[1]) + seed
            rows.append({"variant": f"v{number}" if number else "baseline", **variant, "seed": seed,
                         "status": "completed", "y": value + noise * rng.normal()})  # fmt: skip
    return pd.DataFrame(rows)


def designed(count: int, **settings) -> list[dict[str, str]]:
    if settings["design"] in ("fractional", "plackett_burman"):
        pytest.importorskip("pydoe")
    return plan.variants(replace(SETTINGS, **settings), {f"f{k}": ["off", "on"] for k in range(count)})


def test_the_half_fraction_of_montgomery_has_its_terms_with_their_aliases():
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    seeds = [half.assign(seed=s, y=half["y"] + s, status="completed") for s in range(2)]
    frame = pd.concat(seeds, ignore_index=True)
    names = ["".join(levels) for levels in frame[["A", "B", "C", "D"]].to_numpy()]
    frame.insert(0, "variant", ["baseline" if name == "----" else name for name in names])
    effects = factor_effects(frame, "y")
    rows = effects.contrasts
    assert rows["mean"].tolist() == pytest.approx([19.0, 1.5, 14.0, 16.5, -2.0, -37.0, 38.0])
    assert rows["aliases"].tolist()[4:] == ["+ C=+ × D=+", "+ B=+ × D=+", "+ B=+ × C=+"]
    terms = ["A", "B", "C", "D", "A:B = C:D", "A:C = B:D", "A:D = B:C"]
    assert effects.anova["term"].tolist() == [*terms, "seed", "Residual"]
    assert effects.anova["df"].tolist() == [1] * 7 + [1, 7] and effects.anova["estimable"].all()
    squares = {"A": 722, "B": 4.5, "C": 392, "D": 544.5, "A:B = C:D": 2, "A:C = B:D": 684.5, "A:D = B:C": 722}
    assert dict(zip(effects.anova["term"], effects.anova["sum_sq"] / 2, strict=True)) == pytest.approx(
        squares | {"seed": 2.0, "Residual": 0.0}
    )  # 8 runs: twice the square of an effect
    assert effects.shares["term"].tolist() == [*terms, "seed", "Residual"]
    assert not effects.shares["ordered"].any()


def test_seven_factors_in_eight_runs_have_main_effects_with_three_aliases_each():
    effects = factor_effects(runs(designed(7, design="fractional", resolution=3)), "y")
    assert effects.contrasts["kind"].tolist() == ["main"] * 7
    assert [text.count(" × ") for text in effects.contrasts["aliases"]] == [3] * 7
    assert effects.anova["df"].tolist() == [1] * 7 + [2, 14] and effects.attribution is None
    assert effects.contrasts["mean"][2] == pytest.approx(3, abs=0.2)


def test_a_foldover_clears_the_main_effects_and_gives_shapley_values():
    effects = factor_effects(runs(designed(7, design="fractional", resolution=3, foldover="all")), "y")
    mains = effects.contrasts[effects.contrasts["kind"] == "main"]
    assert (mains["aliases"] == "").all() and len(effects.contrasts) == 7 + 7
    expected = [2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0]  # half of the interaction of 2 each to f0 and f1
    assert mains["mean"].tolist() == pytest.approx(expected, abs=0.1)
    assert effects.attribution["mean"].tolist() == pytest.approx([*expected, sum(expected)], abs=0.2)


def test_a_screening_design_has_main_effects_alone():
    effects = factor_effects(runs(designed(11, design="plackett_burman")), "y")
    assert effects.contrasts["kind"].tolist() == ["main"] * 11 and (effects.contrasts["aliases"] == "").all()
    assert effects.shares["term"].tolist() == [*(f"f{k}" for k in range(11)), "seed", "Residual"]
    assert effects.attribution is None


def test_seven_factors_in_all_cells_have_shapley_values():
    effects = factor_effects(runs(designed(7, design="factorial"), seeds=2), "y")
    assert len(effects.contrasts) == 7 + 21 and effects.contrasts["estimable"].all()
    assert effects.attribution["mean"].tolist() == pytest.approx([2, 3, 3, 4, 5, 6, 7, 30], abs=0.1)
    assert (effects.attribution["method"] == "all cells").all()


@pytest.mark.parametrize("design", ["one_at_a_time", "pairwise", "cumulative"])
def test_more_than_six_factors_of_other_designs_have_no_table_of_effects(design):
    assert factor_effects(runs(designed(7, design=design)), "y") == (None, None, None, None)


def test_at_equal_runs_a_fraction_has_a_quarter_of_the_variance_of_one_at_a_time():
    """Seven factors, eight runs. An estimate is a weighted sum of runs, its variance the sum of squared weights."""

    def variance(variants: list[dict[str, str]]) -> float:
        cells = pd.DataFrame(variants)
        weights = []
        for run in range(len(cells)):
            frame = cells.assign(seed=0, y=np.eye(len(cells))[run])
            weights.append(stats.contrasts(frame, list(cells), "y")["mean"].iloc[0])
        return float(np.square(weights).sum())

    fraction, single = designed(7, design="fractional", resolution=3), designed(7, design="one_at_a_time")
    assert len(fraction) == len(single) == 8
    assert (variance(single), variance(fraction)) == pytest.approx((2.0, 0.5))  # in squared SDs of a run


def test_a_latin_square_keeps_its_main_effects():
    cells = [{"A": f"a{a}", "B": f"b{b}", "D": f"d{(a + b) % 3}"} for a, b in itertools.product(range(3), repeat=2)]
    rng = np.random.default_rng(0)
    rows = [
        {"variant": "baseline" if k == 0 else f"v{k}", **cell, "seed": s, "status": "completed", "y": rng.normal()}
        for s in range(2) for k, cell in enumerate(cells)
    ]  # fmt: skip
    effects = factor_effects(pd.DataFrame(rows), "y")
    assert effects.anova["term"].tolist() == ["A", "B", "D", "seed", "Residual"]
    assert effects.anova["df"].tolist() == [2, 2, 2, 1, 10] and effects.attribution is None
