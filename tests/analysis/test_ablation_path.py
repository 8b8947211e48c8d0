"""The steps of a path: cumulative studies, the largest loss first, and what is no path."""

import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from ablate.analysis import collect, figures
from ablate.analysis.ablation_path import ablation_path
from ablate.analysis.analyze import analyze
from ablate.analysis.report.factor_sentences import factor_effects
from ablate.analysis.tables import all_tables
from ablate.runs.metric import ACCURACY, named

FACTORS = {"model": ["a", "b"], "lr": ["1", "2"], "loss": ["x", "y"]}
BASE = {0: 0.90, 1: 0.91, 2: 0.93}
ONE = {0: 0.85, 1: 0.87, 2: 0.88}
TWO = {0: 0.86, 1: 0.865, 2: 0.884}
ALL = {0: 0.70, 1: 0.72, 2: 0.73}
CUMULATIVE = {"baseline": BASE, "model=b": ONE, "model=b+lr=2": TWO, "model=b+lr=2+loss=y": ALL}


def path(make_study, results, metric=ACCURACY, factors=FACTORS):
    return ablation_path(collect.collect(make_study(results, factors)), metric)


def test_each_step_is_a_paired_t_against_the_step_before(make_study):
    table = path(make_study, CUMULATIVE)
    assert table["variant"].tolist() == list(CUMULATIVE)
    assert table["change"].tolist() == ["", "model=b", "lr=2", "loss=y"]
    steps = [scipy_stats.ttest_rel([*after.values()], [*before.values()])
             for before, after in ((BASE, ONE), (ONE, TWO), (TWO, ALL))]  # fmt: skip
    intervals = [step.confidence_interval() for step in steps]
    assert table["p"].tolist()[1:] == pytest.approx([step.pvalue for step in steps])
    assert table["p_holm"].tolist()[1:] == pytest.approx(multipletests([s.pvalue for s in steps], method="holm")[1])
    assert table["low"].tolist()[1:] == pytest.approx([100 * interval.low for interval in intervals])
    assert table["step"].sum() == pytest.approx(table["total"].iloc[-1]) == pytest.approx(100 * (2.15 - 2.74) / 3)
    assert (
        table["alone"].iloc[1] == pytest.approx(table["step"].iloc[1])
        and table["alone"].isna().tolist()[2:] == [True] * 2
    )
    assert table["last"].iloc[3] == pytest.approx(table["step"].iloc[3])


def test_another_order_is_told_by_the_runs_that_exist(make_study):
    table = path(make_study, CUMULATIVE | {"loss=y": {0: 0.89, 1: 0.90, 2: 0.92}})
    assert table["alone"].iloc[3] == pytest.approx(-1.0) and table["step"].iloc[3] < -14


@pytest.mark.parametrize(("metric", "first"), [(ACCURACY, "lr=2"), (named("val_accuracy", "min"), "model=b")])
def test_of_several_next_steps_the_largest_loss_is_first(make_study, metric, first):
    """Both orders of two of three changes were run."""
    results = {"baseline": BASE, "model=b": ONE, "lr=2": {s: v - 0.1 for s, v in BASE.items()}}
    results |= {"model=b+lr=2": TWO, "model=b+lr=2+loss=y": ALL}
    assert path(make_study, results, metric)["change"].iloc[1] == first


def test_an_order_that_the_results_chose_is_named_in_any_design(make_study):
    """Seven of eight combinations, as with study.exclude: each of the three single changes leads to all of them."""
    results = CUMULATIVE | {"lr=2": TWO, "loss=y": TWO, "lr=2+loss=y": TWO}
    chosen = analyze(make_study(results, FACTORS, design="factorial"))
    assert chosen.path["chosen"].tolist() == [False, True, False, False]
    assert "The order was chosen by these results" in all_tables(chosen)["path"].note
    assert "one change after the other, the largest loss first: model=b" in factor_effects(chosen)[0]
    fixed = analyze(make_study(CUMULATIVE, FACTORS, name="fixed", design="cumulative"))
    assert not fixed.path["chosen"].any() and "chosen" not in all_tables(fixed)["path"].note


@pytest.mark.parametrize(
    ("single", "first"),
    [(dict.fromkeys(range(3), "failed"), "model=b"), ({0: 0.9, 1: 0.9, 2: "diverged"}, "lr=2")],
)
def test_a_crash_is_no_loss_and_a_divergence_is_the_largest(make_study, single, first):
    results = {"baseline": BASE, "model=b": ONE, "lr=2": single, "loss=y": TWO}
    results |= {"model=b+lr=2": TWO, "model=b+loss=y": TWO, "model=b+lr=2+loss=y": ALL}
    assert path(make_study, results)["change"].iloc[1] == first


def test_a_step_that_leads_nowhere_is_not_taken(make_study):
    worse = {"loss=y": {0: 0.1, 1: 0.2, 2: 0.1}}
    assert path(make_study, CUMULATIVE | worse)["change"].tolist() == ["", "model=b", "lr=2", "loss=y"]


@pytest.mark.parametrize(
    "variants",
    [
        ["baseline", "model=b", "lr=2", "loss=y"],
        ["baseline", "model=b", "lr=2", "model=b+lr=2"],  # all combinations of the two that vary
        ["baseline", "model=b", "model=b+lr=2+loss=y"],  # two changes at once
        ["baseline", "model=b"],
        ["model=b", "model=b+lr=2"],
    ],
)
def test_other_studies_have_no_path(make_study, variants):
    assert path(make_study, dict.fromkeys(variants, BASE)) is None


def test_a_lost_variant_keeps_its_place(make_study):
    table = path(make_study, CUMULATIVE | {"model=b+lr=2": dict.fromkeys(range(3), "failed")})
    assert table["n"].tolist() == [3, 3, 0, 3] and table["step"].isna().tolist() == [True, False, True, True]
    assert table["total"].iloc[3] == pytest.approx(100 * (2.15 - 2.74) / 3)


def test_the_report_says_that_the_order_matters_and_how_to_see_another(make_study):
    results = analyze(make_study(CUMULATIVE, FACTORS, design="cumulative"))
    (text,) = factor_effects(results)
    assert "The order matters" in text and "study.design=one_at_a_time --extend" in text
    axis = figures.all_figures(results)["path"]().axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["baseline", "+ model=b", "+ lr=2", "+ loss=y"]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx(results.path["step"].tolist()[1:])
    more = analyze(
        make_study(
            CUMULATIVE | {"lr=2": {s: v - 0.02 for s, v in BASE.items()}}, FACTORS, name="more", design="one_at_a_time"
        )
    )
    assert "lr=2 −2.0 points, not +0.3" in factor_effects(more)[0]
