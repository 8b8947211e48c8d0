"""The functions give the results of the commands, as data frames and figures."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ablate
from ablate.terminal.errors import InputError, RunFailed
from tests.processes import ENVIRONMENT, assert_the_same
from tests.processes import ablate as command

SMALL = {"data": "digits", "data.train_limit": 64, "trainer.epochs": 2, "trainer.threads": 1, "model": "mlp"}
OVERRIDES = [f"{key}={value}" for key, value in SMALL.items()]
STUDY = {**SMALL, "study.name": "norm", "normalization": ["batch", "none"], "seed": range(2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with a study trained by `ablate.train` inside a running event loop, as in a notebook."""
    folder, before = tmp_path_factory.mktemp("api"), Path.cwd()
    os.chdir(folder)

    async def cell():
        return ablate.train(**STUDY)

    assert asyncio.run(cell()).folder == Path("outputs/norm")
    yield folder
    os.chdir(before)


@pytest.mark.integration
def test_a_run_equals_the_command_bit_for_bit(folder, tmp_path, capfd):
    run = ablate.train("seed=1", *OVERRIDES[:2], **dict(list(SMALL.items())[2:]), **{"optimizer.lr": 0.1})
    assert "epoch 2/2  train loss" in capfd.readouterr().out
    assert command(tmp_path, "train", *OVERRIDES, "optimizer.lr=0.1", "seed=1").returncode == 0
    (theirs,) = tmp_path.glob("outputs/single/*")
    assert_the_same(run.folder, theirs)
    rerun = shlex.split(run.record.rerun)
    assert rerun[:2] == ["ablate", "train"] and not any(word.startswith("hydra.") for word in rerun)

    assert run.status == "completed" and run.config.optimizer.lr == 0.1
    assert list(run.history.index) == [1, 2] and run.history.index.name == "epoch"
    assert run.history.index.dtype == run.history["step"].dtype == "int64"
    assert run.metrics["val_accuracy"] == run.history["val_accuracy"].iloc[-1]
    assert f"{100 * run.metrics['val_accuracy']:.1f} %" in run._repr_html_()


def test_a_study_equals_the_command_bit_for_bit(folder, tmp_path):
    words = [*OVERRIDES, "study.name=norm", "normalization=batch,none", "seed=0,1"]
    assert command(tmp_path, "train", "-m", *words).returncode == 0
    study = ablate.status("norm")
    assert list(study.runs["status"]) == ["completed"] * 4
    for place in study.runs["folder"]:
        assert_the_same(folder / "outputs/norm" / place, tmp_path / "outputs/norm" / place)
    assert study.run("normalization=none", seed=1).record.seed == 1
    assert study.best in ("baseline", "normalization=none")
    assert study.effects["mean"].max() == pytest.approx(study.effects.set_index("variant").loc[study.best, "mean"])
    by_hand = study.runs.groupby("variant")["val_accuracy"].mean()
    assert study.effects.set_index("variant")["mean"].to_dict() == pytest.approx(by_hand.to_dict())
    assert "effects" in study.figures and study.figures["effects"].axes
    assert "normalization=none" in study._repr_html_()


def test_a_finished_study_is_not_trained_again(folder, capfd):
    before = (folder / "outputs/norm/baseline/seed=0/model.pt").stat().st_mtime_ns
    ablate.train(**STUDY)
    assert "4 of them already done" in capfd.readouterr().out
    assert (folder / "outputs/norm/baseline/seed=0/model.pt").stat().st_mtime_ns == before


def test_a_plan_starts_nothing(folder):
    before = sorted(folder.rglob("*"))
    plan = ablate.plan(**STUDY | {"seed": range(3), "study.extend": True})
    status = plan.runs.set_index(["variant", "seed"])["status"]
    assert status["baseline", 1] == "completed" and status["normalization=none", 2] == "missing"
    assert "6 runs of 2 variants: 2 to do" in str(plan)
    with pytest.raises(InputError, match="--extend"):
        ablate.plan(**STUDY | {"seed": range(3)})
    with pytest.raises(InputError, match="A single run has no plan"):
        ablate.plan(**SMALL)
    with pytest.raises(
        InputError, match="^Run optimizer=sgd/seed=0: experiment=full_marks sets optimizer.companion_lr"
    ):
        ablate.plan(data="digits", experiment="full_marks", optimizer=["muon", "sgd"], seed=0)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.integration
def test_test_report_and_diff(folder):
    run = ablate.status("norm").run()
    tested = ablate.test(run)
    result = json.loads((run.folder / "test.json").read_text())
    assert tested.accuracy == result["accuracy"]
    assert tested.confusion.to_numpy().trace() / tested.confusion.to_numpy().sum() == pytest.approx(tested.accuracy)
    assert tested.per_class["3"] == pytest.approx(tested.confusion.loc["3", "3"] / tested.confusion.loc["3"].sum())
    assert list(tested.figures) == ["confusion", "calibration", "mistakes"] and tested.figures["mistakes"].axes
    written = ablate.report("norm")
    assert written.pdf.read_bytes().startswith(b"%PDF") and written.html.exists()
    assert written.figures["effects"].read_bytes().startswith(b"\x89PNG")
    assert written.notes and list(written.tables["effects"]["Variant"]) == ["baseline", "normalization=none"]
    rows = ablate.diff(run, ablate.status("norm").run("normalization=none")).set_index("key")
    assert rows.loc["normalization._target_", ["one", "other"]].to_list() == [
        "ablate.normalization.batch", "ablate.normalization.none",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"modle": "cnn"}, "Did you mean model?"),
        ({"model": "cmn"}, "Did you mean cnn?"),
        ({"optimizer.lr": -1}, "optimizer.lr=-1.0 is not allowed"),
        ({"optimizer.lr": "fast"}, "could not be converted to Float"),
        ({"config_dir": "nowhere"}, "the folder does not exist"),
        ({"model._target_": "my_modle.Net"}, "no module my_modle"),
    ],
)
def test_an_invalid_configuration_is_refused_before_a_process_is_started(settings, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(InputError, match="(?s)" + message) as caught:
        ablate.train(**SMALL | settings)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_the_error_message_of_the_command_is_raised(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="^The folder data.root=no, where does not exist.$"):
        ablate.train(data="image_folder", **{"data.root": "no, where"})
    with pytest.raises(InputError, match="nowhere"):
        ablate.status("nowhere")


@pytest.mark.integration
def test_failed_runs_raise_run_failed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def net(**settings):\n    raise ArithmeticError('two\\nlines')\n")
    with pytest.raises(RunFailed, match="^ArithmeticError: two lines"):
        ablate.train(**SMALL | {"model._target_": "mine.net"})
    with pytest.raises(RunFailed, match=r"status\('s'\)"):
        ablate.train(**SMALL | {"study.name": "s", "model._target_": ["ablate.model.mlp.MLP", "mine.net"]})
    assert list(ablate.status("s").runs["status"]) == ["completed", "failed"]


@pytest.mark.integration
def test_an_interrupt_stops_the_training_with_a_checkpoint(tmp_path):
    code = f"from ablate import train; train(**{SMALL | {'trainer.epochs': 100000}!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert "epoch 1/" in process.stdout.readline() and "epoch 2/" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a notebook does
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    (run,) = tmp_path.glob("outputs/single/*")
    assert ablate.Run(run).status == "interrupted" and (run / "checkpoint.pt").exists()
