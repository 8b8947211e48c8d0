"""What the main function of an app returns, and how a run of it ends."""

import math
import shutil
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hydra.core.hydra_config import HydraConfig
from msgspec.structs import replace
from omegaconf import OmegaConf

import ablate
from ablate.analysis.analyze import analyze
from ablate.runs import run_record
from ablate.runs.metric import named
from ablate.runs.study_plan import PlannedRun
from ablate.study.app.plan_of_command import digest, written
from ablate.study.app.results import csv_metrics
from ablate.study.app.sweeper import has_output
from ablate.study.app.task import RecordedTask
from ablate.study.leftovers import Leftovers, make_way
from ablate.terminal.errors import InputError, RunFailed
from tests.study.app.conftest import SWEEP


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [("number", "completed", ""), ("json", "completed", ""), ("csv", "failed", "has no acc; it has epoch, step"),
     ("none", "failed", "main returned no number. Return a number or a dict"),
     ("text", "failed", "(it returned list)"), ("other", "failed", "(it returned tuple)")],
)  # fmt: skip
def test_what_main_returns(tmp_path, app, form, status, words):
    ended = app(tmp_path, *SWEEP, "seed=0", f"form={form}", "model=resnet,cnn")
    record = run_record.read(tmp_path / "outputs/s/baseline/seed=0")
    assert record.status == status and ended.returncode == (status != "completed")
    assert words in (record.error or "")


def test_the_last_value_of_lightnings_metrics_counts(tmp_path, app):
    ended = app(tmp_path, *SWEEP, "seed=0", "form=csv", "model=resnet,cnn", "hydra.sweeper.metric=val/acc")
    assert ended.returncode == 0, ended.stderr
    values = [
        run_record.read(tmp_path / "outputs/s" / name / "seed=0").metrics["val/acc"]
        for name in ("baseline", "model=cnn")
    ]
    assert values[1] - values[0] == pytest.approx(0.05, abs=0.02) and values[0] > 0.78
    curves = analyze(tmp_path / "outputs/s").curves
    assert curves["epoch"].tolist() == [0, 1, 2, 0, 1, 2]
    assert curves["val/acc"].iloc[[2, 5]].tolist() == pytest.approx(values)


def test_a_failing_run_sinks_no_other(tmp_path, app):
    ended = app(tmp_path, *SWEEP, "model=resnet,broken,cnn", "seed=0,1")
    assert ended.returncode == 1 and "the broken model has no layers" in ended.stdout + ended.stderr
    broken = run_record.read(tmp_path / "outputs/s/model=broken/seed=0")
    assert broken.error == "ValueError: the broken model has no layers (traceback in the run's traceback.txt)."
    assert "in main" in (tmp_path / "outputs/s/model=broken/seed=0/traceback.txt").read_text()
    statuses = {
        name: run_record.read(tmp_path / f"outputs/s/{name}/seed=1").status
        for name in ("baseline", "model=broken", "model=cnn")
    }
    assert statuses == {"baseline": "completed", "model=broken": "failed", "model=cnn": "completed"}


HALF = "caf\udce9"  # of a surrogate pair: what Python reads from a file name in Latin-1
ACC = named("acc")
PLANNED = PlannedRun(variant="baseline", factors={}, seed=0, folder="baseline/seed=0", config_sha256="planned")
PLANNED_CONFIG = {"lr": "${oc.env:LR,0.1}", "model": {"width": 8}, "place": "/a"}
IGNORED = ["place"]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.fixture
def recorded(tmp_path):
    """recorded(main) -> the record that a run of `main` leaves, which takes the folder of the run."""

    def run(main) -> run_record.RunRecord:
        folder = tmp_path / "s/baseline/seed=0"
        folder.mkdir(parents=True, exist_ok=True)
        planned = PlannedRun(variant="baseline", factors={}, seed=0, folder="baseline/seed=0", config_sha256="")
        with suppress(RunFailed):
            RecordedTask(lambda _: main(folder), tmp_path / "s", ACC, False, None)._run(None, folder, planned)
        return run_record.read(folder)

    return run


@pytest.fixture
def called(tmp_path, monkeypatch):
    """called(main) -> what a launcher gets from the run of `main` that is planned in the same folder."""

    def call(main, config=None):
        folder = tmp_path / "s/baseline/seed=0"
        folder.mkdir(parents=True, exist_ok=True)
        composed = None if config is None else digest(written(OmegaConf.create(PLANNED_CONFIG), IGNORED))
        planned = replace(PLANNED, written_sha256=composed)
        monkeypatch.setattr("ablate.study.app.task.RecordedTask._planned", lambda task, folder: planned)
        monkeypatch.setattr(HydraConfig, "get", lambda: SimpleNamespace(runtime=SimpleNamespace(output_dir=folder)))
        return RecordedTask(lambda _: main(folder), tmp_path / "s", ACC, False, None, IGNORED)(config)

    return call


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError(f"bad file {HALF}"), r"ValueError: bad file caf\udce9 (traceback"),
        (RunFailed(HALF), r"caf\udce9"),
        (FileNotFoundError(2, "No such file", HALF), r"caf\udce9"),
        (SystemExit(HALF), r"The app called sys.exit(caf\udce9)."),
        (MemoryError(), "MemoryError (traceback in the run's traceback.txt)."),
        (Unprintable(), "Unprintable (traceback in the run's traceback.txt)."),
        (ValueError("x" * 5 * 2**20), "…"),
        (SystemExit("x" * 5 * 2**20), "…"),
    ],
)
def test_the_error_of_a_run_is_recorded_whatever_its_text(recorded, error, reason):
    def main(folder):
        raise error

    record = recorded(main)
    assert record.status == "failed" and reason in record.error and len(record.error) < 1000


@pytest.mark.parametrize(
    ("names", "kept"),
    [([HALF], [r"caf\udce9"]), (["a\nb"], ["a\nb"]), ([f"m{i}" for i in range(70_000)], ["m0"]), (["é" * 2**20], [])],
)
def test_a_result_is_recorded_whatever_other_metrics_it_comes_with(recorded, names, kept):
    record = recorded(lambda folder: dict.fromkeys(names, 1.0) | {"acc": 0.5})
    assert record.status == "completed" and record.metrics["acc"] == 0.5 and record.metrics.keys() >= {*kept}


@pytest.mark.parametrize("number", [10**400, -(10**400)], ids=["high", "low"])
def test_a_number_that_no_float_holds_has_diverged(recorded, number):
    assert recorded(lambda folder: {"acc": number}).status == "diverged"


def test_a_result_outlives_the_folder_of_its_run(recorded):
    def main(folder):
        shutil.rmtree(folder)
        return {"acc": 0.5}

    assert recorded(main).metrics == {"acc": 0.5}

    def failing(folder):
        shutil.rmtree(folder)
        raise ValueError("full")

    assert recorded(failing).error.startswith("ValueError: full")


@pytest.mark.parametrize("name", [HALF, "a,b", "a\nb", 'a"b'])
def test_log_takes_any_name(tmp_path, name):
    for epoch in range(2):
        ablate.log(tmp_path, **{name: epoch, "acc": 0.5})
    (metrics,) = [csv_metrics(tmp_path / "metrics.csv", ACC, best=False)]
    assert metrics["acc"] == 0.5 and 1 in metrics.values() and not any(map(math.isnan, metrics.values()))


def test_a_result_is_kept_that_is_all_that_its_run_left(recorded, called, tmp_path):
    """Of an app that returns a number and writes no file."""
    leftovers = Leftovers(lambda folder: False, has_output)
    assert recorded(lambda folder: 0.5).metrics == {"acc": 0.5}
    with pytest.raises(InputError, match=r"holds a finished run of another configuration.*hydra.sweeper.retrain=true"):
        make_way(tmp_path / "s", PLANNED, retrain=False, leftovers=leftovers)
    with pytest.raises(InputError, match="holds a finished run"):
        called(lambda folder: 0.7)
    aside = make_way(tmp_path / "s", PLANNED, retrain=True, leftovers=leftovers)
    assert run_record.read(aside).metrics == {"acc": 0.5}


@pytest.mark.parametrize("changed", [{"lr": 0.1}, {"model": {"width": 9}}, {"depth": 2}])
def test_a_run_is_not_started_with_another_configuration_than_planned(called, changed, tmp_path):
    """As a launcher composes it from files that were edited while the job was in the queue."""
    with pytest.raises(InputError, match="its configuration is not the planned one"):
        called(lambda folder: 0.5, OmegaConf.create(PLANNED_CONFIG | changed))
    assert not (tmp_path / "s/baseline/seed=0/run.json").exists()


@pytest.mark.parametrize("changed", [{}, {"place": "/b"}])
def test_a_run_is_started_wherever_its_job_runs(called, changed, monkeypatch):
    monkeypatch.setenv("LR", "0.3")  # as the scratch folder of a cluster's job
    assert called(lambda folder: 0.5, OmegaConf.create(PLANNED_CONFIG | changed)) == 0.5
