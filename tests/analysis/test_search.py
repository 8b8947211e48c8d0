"""The trials of a search: order, best so far, importance of the parameters."""

import hashlib

import numpy as np
import optuna
import pandas as pd
import pytest
from scipy.stats import spearmanr

from ablate.analysis.analyze import analyze
from ablate.analysis.report import html_trials
from ablate.analysis.report.write import report
from ablate.analysis.search import LOG, search
from ablate.analysis.tables import best_trial, trials
from ablate.runs.metric import Metric
from ablate.runs.study_plan import PlannedRun, StudyPlan

VALUES = [0.70, 0.60, 0.80, "pruned", 0.75, 0.90]
RATES = ["0.1", "0.3", "0.05", "0.2", "0.07", "0.01"]


def a_search(make_study, values=VALUES, name="study"):
    """A search over a learning rate; the trials are the values, the first one is the baseline."""
    results = {
        "baseline" if rate == RATES[0] else f"lr={rate}": {0: value} for rate, value in zip(RATES, values, strict=True)
    }
    return make_study(results, {"lr": RATES}, name=name, design="search")


def frame(values, **parameters):
    """The frame of runs with one trial per value."""
    count = len(values)
    names = ["baseline", *(f"v{number}" for number in range(1, count))]
    return pd.DataFrame(
        {"study": "s", "variant": names, **parameters, "seed": 0, "status": "completed", "val_accuracy": values}
    )


def plan(**changes):
    run = PlannedRun(variant="baseline", factors={}, seed=0, folder="baseline", config_sha256="c")
    known = {"name": "s", "design": "search", "baseline": {}, "factors": {}, "seeds": [0], "command": "", "runs": [run]}
    return StudyPlan(**known | changes)


def test_trials_are_sorted_by_value_and_the_pruned_one_has_no_rank(make_study):
    results = analyze(a_search(make_study))
    ranked = results.search.ranked(results.metric)
    assert ranked["trial"].tolist() == [5, 2, 4, 0, 1, 3]
    assert results.search.trials["best"].tolist() == [0.7, 0.7, 0.8, 0.8, 0.8, 0.9]
    shown = trials(results.search, results.format)
    assert shown.cells.columns.tolist() == ["Trial", "Validation accuracy (%)", "lr", "Status"]
    assert shown.cells.iloc[0].tolist() == ["5", "90.00", "0.01", "completed"]
    assert shown.cells.iloc[-1].tolist() == ["3", "—", "0.2", "pruned"]
    assert shown.variants[0] == "lr=0.01" and "5 completed trials of 6" in shown.note
    assert (
        best_trial(results.search, results.format)
        == "Best of 5 completed trials: 90.00\N{NO-BREAK SPACE}% with lr=0.01; the baseline: 70.00\N{NO-BREAK SPACE}%."
    )


def test_of_a_loss_the_smallest_is_best(tmp_path):
    loss = Metric(name="val_loss", direction="min")
    runs = frame([3.0, 1.0, 2.0], lr=["1", "2", "3"]).rename(columns={"val_accuracy": "val_loss"})
    found = search(tmp_path, plan(metric=loss), runs)
    assert found.ranked(loss)["trial"].tolist() == [1, 2, 0] and found.trials["best"].tolist() == [3, 1, 1]


def test_a_trial_is_the_mean_of_its_seeds_and_a_lost_seed_leaves_it_open(tmp_path):
    runs = pd.concat(
        [frame([0.5, 0.7, 0.9], lr=["1", "2", "3"]), frame([0.6, 0.8, 0.1], lr=["1", "2", "3"]).assign(seed=1)]
    )
    runs = runs.reset_index(drop=True)
    runs.loc[5, ["status", "val_accuracy"]] = ["failed", np.nan]
    found = search(tmp_path, plan(), runs).trials
    assert found["value"].tolist()[:2] == pytest.approx([0.55, 0.75]) and np.isnan(found["value"][2])
    assert found["status"].tolist() == ["completed", "completed", "failed"] and found["n"].tolist() == [2, 2, 1]


def test_an_infinite_level_is_a_category(make_study):
    """As of a limit on the norm that is switched off."""
    levels = ["1", "inf", "-inf", "1e300"]
    results = {"baseline" if level == "1" else f"max_norm={level}": {0: 0.5 + k / 9} for k, level in enumerate(levels)}
    found = analyze(make_study(results, {"max_norm": levels}, design="search"))
    (_, history), (caption, picture) = html_trials.pictures(found.search, found.format)
    assert "against max_norm" in caption and all(f">{level}<" in picture for level in levels)


def test_another_design_is_no_search(make_study):
    study = make_study({"baseline": {0: 0.5}, "lr=0.3": {0: 0.6}}, {"lr": ["0.1", "0.3"]})
    assert analyze(study).search is None


def test_without_the_record_of_optuna_importance_is_a_rank_correlation(tmp_path):
    rng = np.random.default_rng(0)
    rate, decay = rng.uniform(size=20), rng.uniform(size=20)
    value = rate + 0.2 * decay
    parameters = {"lr": rate.astype(str), "decay": decay.astype(str), "kind": ["a", "b"] * 10, "fixed": ["x"] * 20}
    found = search(tmp_path, plan(), frame(value, **parameters)).importance
    assert found.values["lr"] == pytest.approx(spearmanr(rate, value).statistic)
    assert found.values["decay"] == pytest.approx(abs(spearmanr(decay, value).statistic))
    assert "fixed" not in found.values and next(iter(found.values)) == "lr" and 0 <= found.values["kind"] < 0.5
    assert "rank correlation" in found.method and found.trials == 20 and not (tmp_path / LOG).exists()


def test_a_category_that_decides_the_ranks_has_importance_one(tmp_path):
    value = [1.0, 2.0, 3.0, 11.0, 12.0, 13.0] * 3
    found = search(
        tmp_path, plan(), frame(value, kind=["a", "a", "a", "b", "b", "b"] * 3, other=["c", "d"] * 9)
    ).importance
    assert found.values["kind"] > 0.8 and found.values["other"] < 0.4


def test_few_trials_have_no_importance(tmp_path):
    assert search(tmp_path, plan(), frame([1.0, 2.0, 3.0, 4.0], lr=["1", "2", "3", "4"])).importance is None


def test_importance_is_of_the_stored_study_which_is_only_read(tmp_path):
    """y = x: functional ANOVA gives all of the variance to x."""
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(tmp_path / LOG)))
    stored = optuna.create_study(storage=storage, study_name="tune", sampler=optuna.samplers.RandomSampler(seed=0))
    stored.optimize(lambda trial: trial.suggest_float("x", 0, 1) + 0 * trial.suggest_float("z", 0, 1), n_trials=30)
    before = hashlib.sha256((tmp_path / LOG).read_bytes()).hexdigest(), sorted(tmp_path.iterdir())
    levels = {name: [str(trial.params[name]) for trial in stored.trials] for name in ("x", "z")}
    found = search(tmp_path, plan(), frame([trial.value for trial in stored.trials], **levels)).importance
    assert found.values["x"] > 0.9 and sum(found.values.values()) == pytest.approx(1) and found.trials == 30
    assert "functional ANOVA" in found.method
    assert (hashlib.sha256((tmp_path / LOG).read_bytes()).hexdigest(), sorted(tmp_path.iterdir())) == before


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff", b'{"op_code": 99}\n', b"[1, 2]\n"])
def test_a_damaged_record_gives_the_rank_correlation(tmp_path, content):
    (tmp_path / LOG).write_bytes(content)
    found = search(tmp_path, plan(), frame([1.0, 2.0, 3.0, 4.0, 6.0], lr=["1", "2", "3", "4", "5"])).importance
    assert found.values == {"lr": pytest.approx(1)} and "rank correlation" in found.method


@pytest.mark.integration
def test_the_report_lists_the_trials_in_place_of_untestable_variants(make_study, capsys):
    study = a_search(make_study)
    assert report(study) == 0
    text = (study / "report/report.html").read_text()
    assert 'id="table-trials"' in text and 'id="table-importance"' in text and 'id="table-effects"' not in text
    assert "not testable" not in text and "Best of 5 completed trials" in text and text.count('class="chart"') == 2
    printed = capsys.readouterr().out
    assert "| Trial" in printed and "not testable" not in printed
    rows = pd.read_csv(study / "report/tables/trials.csv")
    assert rows["Trial"].tolist() == [5, 2, 4, 0, 1, 3]
    assert (study / "report/tables/importance.csv").exists()


def test_a_search_with_seeds_keeps_its_comparisons(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6}, "lr=0.3": {0: 0.7, 1: 0.82}, "lr=0.05": {0: 0.4, 1: 0.52}}
    study = make_study(results, {"lr": ["0.1", "0.3", "0.05"]}, design="search")
    assert report(study) == 0
    text = (study / "report/report.html").read_text()
    assert 'id="table-trials"' in text and 'id="table-effects"' in text


@pytest.mark.integration
def test_names_of_parameters_are_text(make_study):
    rates = ["0.1", "<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "{{ 7*7 }}", "&lt;", "0.2"]
    results = {"baseline": {0: 0.5}} | {f"<b>lr={rate}": {0: 0.5 + i / 50} for i, rate in enumerate(rates[1:], 1)}
    study = make_study(results, {"<b>lr": rates}, design="search")
    assert report(study) == 0
    text = (study / "report/report.html").read_text()
    assert text.count("<script") == 2 and "<b>" not in text and "<img src=x" not in text and "{{ 7*7 }}" in text
    assert text.count('class="chart"') == 2
