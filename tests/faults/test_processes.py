"""Two processes at one study, a polite end, a clock that goes back, a loss that is no number."""

import glob
import os
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis.collect import collect
from ablate.runs.checkpoints import CHECKPOINTS
from tests.faults.planting import PLANTED, RUN, assert_undisturbed, faulty, whole, words
from tests.processes import ROOT, ablate, epochs, finish, record, start, until


@pytest.mark.integration
def test_sigterm_is_an_interruption_that_is_gone_on_with(tmp_path, undisturbed):
    process = start(tmp_path, *words(40))
    until(lambda: epochs(tmp_path / RUN) >= 2, process)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert finish(process)[0] == 130
    assert record(tmp_path / RUN)["status"] == "interrupted"
    whole(tmp_path, *words(40))
    assert_undisturbed(tmp_path, undisturbed)


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.faults)])
def test_a_loss_that_is_no_number_at_a_step_is_a_divergence(tmp_path, step):
    overrides = words(8, "loss._target_=broken.LossThatBreaks", "+loss.step=" + str(step), "data.train_limit=128")
    status, output = finish(start(tmp_path, *overrides, "trainer.batch_size=64", PYTHONPATH=f"{PLANTED}:{ROOT}"))
    assert status == 0, output
    assert record(tmp_path / RUN)["status"] == "diverged"
    (run,) = collect(tmp_path / "outputs/s").to_dict("records")
    assert run["status"] == "diverged" and run["epochs"] == (step + 1) // 2  # of two steps each
    assert not (tmp_path / RUN / "checkpoint.pt").exists()


@pytest.mark.faults
def test_the_report_names_the_run_that_diverged(tmp_path):
    overrides = words(4, "optimizer.lr=1e30", "seed=0,1")
    whole(tmp_path, *overrides)
    assert ablate(tmp_path, "report", "s").returncode == 0
    assert set(pd.read_csv(tmp_path / "outputs/s/report/runs.csv")["status"]) == {"diverged"}
    assert "diverged" in (tmp_path / "outputs/s/report/report.html").read_text()


@pytest.mark.faults
@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_two_processes_at_one_study_train_each_run_once(tmp_path, launcher):
    (tmp_path / "whole").mkdir()
    (tmp_path / "both").mkdir()
    overrides = words(20, "seed=0,1,2", f"hydra/launcher={launcher}")
    whole(tmp_path / "whole", *overrides)
    several = [start(tmp_path / "both", *overrides) for _ in range(2)]
    for process in several:
        status, output = finish(process)
        assert status == 0, output
    assert_undisturbed(tmp_path / "both", tmp_path / "whole")
    logs = list((tmp_path / "both").rglob("train.log"))
    assert len(logs) == 3 and all(log.read_text().count("completed: ") == 1 for log in logs)


LAUNCHERS = {"local": (), "basic": (), "joblib": ("hydra.launcher.n_jobs=2",)}


@pytest.mark.faults
@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("victim", ["main", "group", "worker"])
@pytest.mark.parametrize("after", [-1, 0, 2])  # epochs: before the first run starts, in its first epoch, later
def test_the_second_process_at_a_study_finishes_what_the_first_was_killed_at(tmp_path, launcher, victim, after):
    if launcher == "joblib":
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    if victim == "worker" and (launcher == "basic" or after < 0):
        pytest.skip("there is no worker")
    overrides = words(15, "seed=0,1,2,3", f"hydra/launcher={launcher}", *LAUNCHERS[launcher])
    path = os.pathsep.join([str(ROOT), *sys.path])  # also a launcher that is not installed in this environment
    first, second = (start(tmp_path, *overrides, own_group=True, PYTHONPATH=path) for _ in range(2))
    runs = [tmp_path / f"outputs/s/baseline/seed={seed}" for seed in range(4)]
    if after >= 0:
        until(lambda: (runs[0] / "metrics.csv").exists() and epochs(runs[0]) >= after, first)
    if victim == "worker":
        if workers := descendants(first.pid, "train" if launcher == "local" else "loky"):
            os.kill(workers[0], signal.SIGKILL)
    else:
        (os.killpg if victim == "group" else os.kill)(first.pid, signal.SIGKILL)
    finish(first)
    status, output = finish(second)
    assert status == 0, output
    assert [record(run)["status"] for run in runs] == ["completed"] * 4
    assert not (tmp_path / "outputs/s/.replaced").exists()
    weights = {(run / "model.pt").read_bytes() for run in runs}
    assert len(weights) == 4


def descendants(pid: int, word: str) -> list[int]:
    """Child processes whose command line contains the word."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in children if word in Path(f"/proc/{child}/cmdline").read_text()]


@pytest.mark.faults
@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "SIGINT"])
@pytest.mark.parametrize("rows", [0, 1])  # of metrics.csv
def test_a_run_that_ended_before_its_first_checkpoint_starts_again(tmp_path, undisturbed, end, rows):
    for _ in range(2):
        process = start(tmp_path, *words(40))
        until(lambda: (tmp_path / RUN / "metrics.csv").exists() and epochs(tmp_path / RUN) >= rows, process)
        process.send_signal(signal.Signals[end])
        finish(process)
        for name in CHECKPOINTS:
            (tmp_path / RUN / name).unlink(missing_ok=True)
        (tmp_path / RUN / "own.txt").write_text("a note of the user")
    whole(tmp_path, *words(40))
    assert glob.glob(f"{tmp_path}/outputs/s/**/seed=*", recursive=True, include_hidden=True) == [str(tmp_path / RUN)]
    assert not rows or "no checkpoint yet; starts from the first epoch" in (tmp_path / RUN / "train.log").read_text()
    assert (tmp_path / RUN / "own.txt").read_text() == "a note of the user"
    (tmp_path / RUN / "own.txt").unlink()
    assert_undisturbed(tmp_path, undisturbed)


@pytest.mark.faults
@pytest.mark.parametrize("at", [1, 12, 20, 40])
def test_a_clock_put_back_changes_nothing(tmp_path, undisturbed, at):
    status, output = finish(faulty(tmp_path, "back", at, *words(40)))
    assert status == 0, output
    assert_undisturbed(tmp_path, undisturbed)
    assert record(tmp_path / RUN)["seconds"]["total"] > 0
