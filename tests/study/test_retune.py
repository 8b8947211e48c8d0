"""A study whose variants are tuned with the same budget, on seeds of their own."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from ablate.runs import study_plan, tuning
from ablate.study.app.settings import Settings
from ablate.study.tuned_runs import tuning_plan
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate, record

APP = Path(__file__).parent / "app/tuned_app.py"
NAMES = ("-m", "hydra/sweeper=ablate", "hydra.sweeper.name=s", "hydra/launcher=ablate_local")
WORDS = (*NAMES, "kind=a,b", "seed=range(15,20)", "hydra.sweeper.margin=0.01")
TUNE = "hydra.sweeper.tune={lr:[0.001,0.01,0.1,1.0]}"


def effect(study: Path) -> pd.Series:
    assert ablate(study.parent, "report", str(study)).returncode == 0
    return pd.read_csv(study / "report/effects.csv").set_index("variant").loc["kind=b"]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory) -> Path:
    """The folder of a tuned study of the app."""
    folder = tmp_path_factory.mktemp("tuned")
    ended = ablate(folder, *WORDS, TUNE, script=APP)
    assert ended.returncode == 0, ended.stderr
    return folder / "outputs/s"


@pytest.mark.integration
def test_levels_with_other_optima_differ_before_and_tie_after(tuned, tmp_path):
    assert ablate(tmp_path, *WORDS, script=APP).returncode == 0
    before, after = effect(tmp_path / "outputs/s"), effect(tuned)
    assert before.verdict == "worse" and before.difference == pytest.approx(-0.05, abs=0.005)
    assert after.verdict == "equivalent" and after.difference == pytest.approx(0, abs=0.005)


def test_the_report_compares_the_differences_with_and_without_tuning(tuned):
    reported = effect(tuned).difference
    rows = pd.read_csv(tuned / "report/tables/tuning.csv").set_index("Variant")
    assert rows["Trials"].tolist() == [4, 4] and rows["Chosen setting"].tolist() == ["lr=0.01", "lr=0.1"]
    cells = [float(text.split()[0].replace("−", "-")) for text in rows.iloc[1, 2:]]
    assert cells == pytest.approx([-0.05, 0, reported], abs=0.008)
    assert cells[0] == pytest.approx(cells[1] - 0.05, abs=2e-4)  # the same seeds
    budgets = pd.read_csv(tuned / "report/tables/budgets.csv").set_index("Variant")
    # The settings of each kind lose 0, 0.05, 0.05 and 0.2; with replacement, the best of four loses 0.0164 on average.
    assert (budgets["4 trials"] - budgets["1 trial"]).tolist() == pytest.approx([0.075 - 0.0164] * 2, abs=0.001)
    text = (tuned / "report/report.html").read_text()
    assert "Tuning of each variant" in text and "which the results do not use" in text


def test_a_chosen_level_at_the_edge_is_named(tmp_path):
    words = (*NAMES, "kind=a,b", "seed=0,1", "hydra.sweeper.tune={lr:[0.0001,0.001,0.01]}")
    assert ablate(tmp_path, *words, script=APP).returncode == 0
    ended = ablate(tmp_path, "report", "s")
    assert "At the edge of the tuned range are lr=0.01 of baseline, lr=0.01 of kind=b" in ended.stdout, ended.stdout


def test_each_variant_has_its_best_setting_and_the_same_budget(tuned):
    plan = study_plan.read(tuned)
    assert tuning.read_chosen(tuned, plan.tuning) == {"baseline": {"lr": "0.01"}, "kind=b": {"lr": "0.1"}}
    assert [(run.variant, run.seed) for run in plan.runs] == [
        (v, s) for v in ("baseline", "kind=b") for s in range(15, 20)
    ]
    overrides = (tuned / "kind=b/seed=15/.hydra/overrides.yaml").read_text().split()
    assert "lr=0.1" in overrides
    tried = study_plan.read(tuned / "tuning").runs
    counts = pd.Series([(run.factors["kind"], run.seed) for run in tried]).value_counts()
    assert counts.to_dict() == {(kind, seed): 4 for kind in "ab" for seed in (1000, 1001)}
    assert not {path.parent.name for path in tuned.glob("*/seed=*")} - {"baseline", "kind=b"}


def test_a_setting_is_chosen_once(tuned, tmp_path):
    """Also if the results of the tuning are changed afterwards."""
    shutil.copytree(tuned, tmp_path / "outputs/s")
    path = tmp_path / "outputs/s/tuning/kind=b/seed=1000/run.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"metrics": {"objective": 99.0}}))
    again = ablate(tmp_path, *WORDS, TUNE, script=APP)
    assert again.returncode == 0 and "10 runs, 10 of them already done" in again.stdout, again.stdout
    assert (tmp_path / "outputs/s/tuning/chosen.json").read_bytes() == (tuned / "tuning/chosen.json").read_bytes()


@pytest.mark.integration
def test_an_added_variant_gets_the_same_budget(tuned, tmp_path):
    words = [word.replace("kind=a,b", "kind=a,b,c") for word in WORDS]
    shutil.copytree(tuned, tmp_path / "outputs/s")
    added = ablate(tmp_path, *words, TUNE, "hydra.sweeper.extend=true", script=APP)
    assert added.returncode == 0, added.stderr
    chosen = json.loads((tmp_path / "outputs/s/tuning/chosen.json").read_text())["chosen"]
    assert chosen == {"baseline": {"lr": "0.01"}, "kind=b": {"lr": "0.1"}, "kind=c": {"lr": "1.0"}}


@pytest.mark.integration
def test_nothing_is_chosen_while_a_tuning_run_has_no_result(tmp_path):
    (tmp_path / "fail").touch()
    words = (*NAMES, "kind=a,b", "seed=0,1", "fail=true", "hydra.sweeper.tune={lr:[0.01,0.1]}")
    failed = ablate(tmp_path, *words, script=APP)
    assert failed.returncode == 1 and "0 of 8 runs done" in failed.stdout, failed.stderr
    study = tmp_path / "outputs/s"
    assert not (study / "tuning/chosen.json").exists() and not (study / "study.json").exists()
    status = ablate(tmp_path, "status", "s")
    assert status.returncode == 2 and "is still being tuned" in status.stderr, status.stderr
    (tmp_path / "fail").unlink()
    ended = ablate(tmp_path, *words, script=APP)
    assert ended.returncode == 0 and "4 of 4 runs done" in ended.stdout, ended.stderr


@pytest.mark.integration
def test_random_settings_are_the_same_for_each_variant(tmp_path):
    words = ("hydra.sweeper.tune={lr:'tag(log,interval(0.001,1))'}", "hydra.sweeper.tune_trials=5")
    ended = ablate(tmp_path, *NAMES, "kind=a,b", "seed=0,1", *words, "hydra.sweeper.tune_seeds=[7]", script=APP)
    assert ended.returncode == 0, ended.stderr
    runs = study_plan.read(tmp_path / "outputs/s/tuning").runs
    rates = {kind: [float(run.factors["lr"]) for run in runs if run.factors["kind"] == kind] for kind in "ab"}
    assert rates["a"] == rates["b"] and len(set(rates["a"])) == 5
    assert all(0.001 <= rate <= 1 for rate in rates["a"]) and {run.seed for run in runs} == {7}


@pytest.mark.parametrize(
    ("values", "trials", "message"),
    [
        ("int(interval(1,3))", 4, "_trials=4, but only 3 different settings of hydra.sweeper.tune could be drawn"),
        ("interval(0.1,0.10001)", 2, "only 1 different setting"),  # numbers have four significant digits
        ("interval(0.1,inf)", 2, "its ends must be finite"),
        ("interval(-1e308,1e308)", 2, "its ends must be finite"),
        ("range(1,1000000000)", None, "more than 10,000 values"),
    ],
)
def test_settings_that_cannot_be_drawn_are_refused(values, trials, message):
    with pytest.raises(InputError, match=message):
        tuning_plan(Settings(tune={"trainer.epochs": values}, tune_trials=trials))


@pytest.mark.parametrize("interval", ["int(interval(2,5))", "tag(log,int(interval(2,5)))"])
def test_the_numbers_of_an_interval_of_integers_are_integers(interval):
    drawn = tuning_plan(Settings(tune={"a": interval}, tune_trials=4)).settings
    assert sorted(one["a"] for one in drawn) == ["2", "3", "4", "5"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hydra.sweeper.tune={kind:[a,b]}",), "kind is a factor of this study"),
        (("hydra.sweeper.tune={seed:[1,2]}",), "seed cannot be tuned"),
        (("hydra.sweeper.tune={lr:[]}",), "hydra.sweeper.tune.lr has no values"),
        (("hydra.sweeper.tune={lr:[0.1]}",), "has one setting"),
        (("hydra.sweeper.tune={lr:'interval(0.1,1)'}",), "is an interval: set hydra.sweeper.tune_trials"),
        (("hydra.sweeper.tune={lr:'interval(1,0.1)'}", "hydra.sweeper.tune_trials=3"), "is not an interval"),
        (("hydra.sweeper.tune={lr:'int(interval(1,3))'}", "hydra.sweeper.tune_trials=4"), "only 3 different settings"),
        (("hydra.sweeper.tune={lr:fast}",), "has no values"),
        (("hydra.sweeper.tune={learning_rate:[1,2]}",), "learning_rate"),
        ((TUNE, "hydra.sweeper.tune_seeds=[16,99]"), "16 is also in seed="),
        ((TUNE, "hydra.sweeper.tune_seeds=[]"), "tune_seeds is empty"),
        ((TUNE, "hydra.sweeper.block=kind"), "cannot be combined with hydra.sweeper.block"),
        (("hydra.sweeper.tune_trials=3",), "needs hydra.sweeper.tune"),
    ],
)
def test_a_tuning_that_cannot_be_used_is_refused(tmp_path, words, message):
    refused = ablate(tmp_path, *WORDS, *words, script=APP)
    assert refused.returncode == 2 and message in refused.stderr, refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("run.json"))


def test_a_tuning_cannot_change_after_its_first_result(tuned, tmp_path):
    shutil.copytree(tuned, tmp_path / "outputs/s")
    for changed in ("hydra.sweeper.tune={lr:[0.001,0.01,0.1]}", "hydra.sweeper.tune={lr:[0.01,0.1,1.0,10]}"):
        refused = ablate(tmp_path, *WORDS, changed, script=APP)
        assert refused.returncode == 2 and "fixed before the first result" in refused.stderr, refused.stderr


@pytest.mark.parametrize("chosen", [{"kind=b": {"lr": "7"}}, {"kind=b": {"width": "1"}}, {"kind=b": 3}, [1]])
def test_choices_of_another_plan_are_refused(tuned, tmp_path, chosen):
    (tmp_path / "tuning").mkdir()
    (tmp_path / "tuning/chosen.json").write_text(json.dumps({"schema": 1, "chosen": chosen}))
    with pytest.raises(InputError, match=r"chosen\.json"):
        tuning.read_chosen(tmp_path, study_plan.read(tuned).tuning)


@pytest.mark.integration
def test_a_plan_has_the_size_of_the_tuning(tmp_path):
    planned = ablate(tmp_path, *WORDS, TUNE, "hydra.sweeper.dry_run=true", script=APP)
    assert planned.returncode == 0, planned.stderr
    assert "Tuning of lr: 4 settings of each of 2 variants on 2 seeds, 16 runs" in planned.stdout
    assert not list(tmp_path.rglob("study.json"))


@pytest.mark.integration
def test_a_tuned_study_of_ablate_train(tmp_path):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "model.hidden=[8]", "optimizer=sgd,adamw", "seed=0",
             "study.tune={optimizer.lr:[1e-9,0.01]}", "study.tune_seeds=[5]")  # fmt: skip
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    study = tmp_path / "outputs/s"
    assert sorted(path.parent.name for path in (study / "tuning").glob("*/seed=5")) == [
        "baseline", "optimizer.lr=0.01", "optimizer=adamw", "optimizer=adamw+optimizer.lr=0.01",
    ]  # fmt: skip
    chosen = json.loads((study / "tuning/chosen.json").read_text())["chosen"]
    for variant, setting in chosen.items():
        done = record(study / variant / "seed=0")
        assert done["status"] == "completed"
        assert (
            f"optimizer.lr={setting['optimizer.lr']}" in (study / variant / "seed=0/.hydra/overrides.yaml").read_text()
        )
    again = ablate(tmp_path, *words)
    assert again.returncode == 0 and "2 runs, 2 of them already done" in again.stderr, again.stderr
