"""A hyperparameter search with Optuna, whose trials are runs of a study."""

import json
import math
import shutil
from contextlib import contextmanager

import optuna
import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from ablate.config import CONF
from ablate.config.schema import StudySettings
from ablate.study import factors, search_space, trials
from ablate.study.tune import start_search
from ablate.terminal.errors import InputError
from ablate.training.pruning import storage
from tests.processes import SMALL, ablate, epochs, finish, record, start

WORDS = ("train", "study=tune", "data=digits", "trainer.epochs=4", "trainer.threads=1", "data.train_limit=300")


def space(*words: str) -> dict:
    overrides = OverridesParser.create().parse_overrides(list(words))
    open_ended = [o for o in overrides if not o.is_discrete_sweep()]
    return search_space.search_space(factors.read([o for o in overrides if o not in open_ended]), open_ended)


def test_overrides_define_the_search_space():
    ranges = space("a.x=tag(log,interval(0.1,10))", "a.n=int(interval(2,9))", "model=cnn,mlp", "a.y=interval(0.5,1)")
    assert ranges == {
        "a.x": optuna.distributions.FloatDistribution(0.1, 10, log=True),
        "a.n": optuna.distributions.IntDistribution(2, 9),
        "a.y": optuna.distributions.FloatDistribution(0.5, 1),
        "model": optuna.distributions.CategoricalDistribution(["cnn", "mlp"]),
    }
    with pytest.raises(InputError, match="The search has no parameters"):
        space("seed=0,1")
    for interval in ("interval(0.1,inf)", "interval(-1e308,1e308)"):
        with pytest.raises(InputError, match=r"a\.x=.* is not a range that can be searched: its ends must be finite"):
            space(f"a.x={interval}")


@pytest.mark.parametrize(
    ("word", "value", "level"),
    [
        ("optimizer.nesterov=true,false", False, "False"),
        ("trainer.ema=null,0.99", None, "null"),
        ("optimizer.weight_decay=0.1,0", 0.0, "0"),
        ("model.hidden=[8],[16,8]", [16, 8], "[16,8]"),
        ("model=mlp,cnn", "cnn", "cnn"),
        ("optimizer.lr=interval(0.01,0.5)", 0.1, 0.1),
        ("optimizer.lr=interval(0.01,0.5)", None, None),
        ("optimizer.lr=0.01,0.2", 0.1, None),
    ],
)
def test_the_first_trial_is_the_baseline_however_its_values_are_written(word, value, level):
    (searched,) = ranges = space(word)
    config = OmegaConf.create({"hydra": {"runtime": {"choices": {}}}})
    OmegaConf.update(config, searched, value)
    assert search_space.baseline_values(config, ranges) == ({} if level is None else {searched: level})


@pytest.mark.parametrize(
    "word",
    [
        "exclude=[{model:cnn}]",
        "design=pairwise",
        "foldover=all",
        "resolution=4",
        "of=tune",
        "stages=[3,5]",
        "block=data",
    ],
)
def test_a_search_refuses_settings_that_it_would_ignore(tmp_path, word):
    study = OmegaConf.merge(
        OmegaConf.structured(StudySettings),
        OmegaConf.load(CONF / "config.yaml").study,
        OmegaConf.from_dotlist(["name=s", word]),
    )
    config = OmegaConf.create({"study": study, "hydra": {"sweep": {"dir": str(tmp_path / "s")}}})
    with pytest.raises(InputError, match=f"study.{word.partition('=')[0]} does not apply to a search"):
        start_search(None, config, [], {})
    assert not (tmp_path / "s").exists()


@pytest.mark.integration
def test_a_search_is_a_study_that_resumes_and_is_reported(tmp_path):
    ended = ablate(tmp_path, *WORDS, "hydra.sweeper.n_trials=7")
    assert ended.returncode == 0, ended.stderr
    ended = ablate(tmp_path, *WORDS, "hydra.sweeper.n_trials=12")
    assert ended.returncode == 0 and "best of 12 trials" in ended.stderr, ended.stderr
    folder = tmp_path / "outputs/tune"
    trials = optuna.load_study(study_name="tune", storage=storage(folder)).trials
    planned = json.loads((folder / "study.json").read_text())["runs"]
    assert len(trials) == len(planned) == 12 and planned[0]["variant"] == "baseline"
    runs = {run["factors"]["optimizer.lr"]: record(folder / run["folder"]) for run in planned}
    assert len(runs) == 12
    pruned = 0
    for trial in trials:
        run = runs[f"{trial.params['optimizer.lr']:.4g}"]
        if trial.state.name == "PRUNED":
            pruned += 1
            assert run["status"] == "pruned" and run["epochs"]["done"] == max(trial.intermediate_values) < 4
        else:
            assert run["status"] == "completed" and trial.value == run["metrics"]["val_accuracy"]
        assert run["metrics"]["val_accuracy"] == trial.intermediate_values[run["epochs"]["done"]]
    assert pruned >= 1
    assert math.isclose(
        max(t.value for t in trials if t.value), max(r["metrics"]["val_accuracy"] for r in runs.values())
    )
    words = ended.stderr.rpartition("% with ")[2].split()  # the overrides of the best trial
    best = next(run for run in planned if words == [f"{name}={level}" for name, level in run["factors"].items()])
    assert record(folder / best["folder"])["metrics"]["val_accuracy"] == max(t.value for t in trials if t.value)
    ended = ablate(tmp_path, "report", "tune")
    assert ended.returncode == 0, ended.stderr
    assert len(pd.read_csv(folder / "report/runs.csv")) == 12


def test_a_trial_of_several_seeds_is_their_mean(tmp_path):
    words = ("train", "study=tune", *WORDS[2:], "seed=0,1", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=2")
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    folder = tmp_path / "outputs/tune"
    accuracies = [record(folder / f"baseline/seed={s}")["metrics"]["val_accuracy"] for s in (0, 1)]
    assert all(epochs(folder / f"baseline/seed={s}") == 4 for s in (0, 1))
    first = optuna.load_study(study_name="tune", storage=storage(folder)).trials[0]
    assert first.value == pytest.approx(sum(accuracies) / 2)


@pytest.mark.integration
def test_a_free_worker_takes_the_next_trial(tmp_path):
    """A long first trial: the other worker runs all of the others while it trains."""
    words = ("-m", "hydra/sweeper=optuna", "study.name=tune", *SMALL[:2], "model=mlp", "model.hidden=[8]", "seed=0",
             "trainer.threads=1", "trainer.epochs=600",
             "trainer.epochs=choice(1,600)", "optimizer.lr=interval(0.2,0.3)", "hydra.sweeper.pruner=null",
             "hydra.sweeper.n_trials=5", "hydra.sweeper.n_jobs=2", "hydra.launcher.jobs_at_once=2")  # fmt: skip
    sampler = "hydra.sweeper.sampler"
    seeded = (f"{sampler}._target_=optuna.samplers.RandomSampler", f"~{sampler}.n_startup_trials", f"{sampler}.seed=2")
    ended = ablate(tmp_path, "train", *words, *seeded)
    assert ended.returncode == 0, ended.stderr
    trials = optuna.load_study(study_name="tune", storage=storage(tmp_path / "outputs/tune")).trials
    lengths = [trial.params["trainer.epochs"] for trial in trials]
    assert lengths == ["600", "1", "1", "1", "1"]
    assert max(trials, key=lambda trial: trial.datetime_complete).number == 0


def test_two_processes_do_not_both_propose_the_last_trial(tmp_path, monkeypatch):
    """The other process proposes it while this one waits for the lock."""
    study, ranges = optuna.create_study(), space("a.x=interval(0,1)")
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    searched = trials.Trials(None, config, factors.read([]), ranges, study, n_trials=1, n_jobs=1)
    waited = []

    @contextmanager
    def lock(path):
        waited.append(path)
        if len(waited) == 2:  # the first one is that of reading the trials
            study.ask(ranges)
        yield

    monkeypatch.setattr(trials, "FileLock", lock)
    assert searched._next_trial() is None and len(study.trials) == 1


@pytest.mark.integration
def test_two_processes_share_a_search(tmp_path):
    words = (
        "train",
        "study=tune",
        *WORDS[2:],
        "model=mlp",
        "hydra.sweeper.n_trials=6",
        "hydra.launcher.jobs_at_once=1",
    )
    processes = [start(tmp_path, *words) for _ in range(2)]
    for status, output in map(finish, processes):
        assert status == 0 and "best of 6 trials" in output, output
    folder = tmp_path / "outputs/tune"
    trials = optuna.load_study(study_name="tune", storage=storage(folder)).trials
    assert all(trial.state.is_finished() for trial in trials) and len(trials) == 6
    planned = json.loads((folder / "study.json").read_text())["runs"]
    assert {run["folder"] for run in planned} == {
        str(p.parent.relative_to(folder)) for p in folder.glob("*/*/run.json")
    }


@pytest.mark.integration
def test_a_search_is_not_resumed_with_other_fixed_settings(tmp_path):
    words = ("train", "study=tune", *WORDS[2:], "seed=0", "hydra.sweeper.n_jobs=1")
    assert ablate(tmp_path, *words, "hydra.sweeper.n_trials=1").returncode == 0
    refused = ablate(tmp_path, *words, "hydra.sweeper.n_trials=2", "trainer.ema=0.9")
    assert refused.returncode == 2 and "trainer.ema was null, now 0.9" in refused.stderr, refused.stderr
    shutil.rmtree(tmp_path / "outputs/tune/baseline")  # then only the plan has the settings
    refused = ablate(tmp_path, *words, "hydra.sweeper.n_trials=2", "trainer.ema=0.9")
    assert refused.returncode == 2 and "trainer.ema was null, now 0.9" in refused.stderr, refused.stderr
    assert not [path for path in (tmp_path / "outputs/tune").glob("*/seed=*") if path.parent.name != "baseline"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("+hydra.sweeper.sampler.unknown=1",), "hydra.sweeper.sampler is not valid"),
        (("hydra.sweeper.pruner.n_startup_trials=-1",), "hydra.sweeper.pruner is not valid"),
        (("optimizer.weight_decay=interval(1,0)",), "is not a range that can be searched"),
        (("optimizer.weight_decay=tag(log,interval(0,1))",), "is not a range that can be searched"),
    ],
)
def test_arguments_that_optuna_refuses_are_named(tmp_path, words, message):
    refused = ablate(tmp_path, *WORDS, "hydra.sweeper.n_trials=1", *words)
    assert refused.returncode == 2 and message in refused.stderr, refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
