"""Two processes at one study, a polite end, a clock that goes back, a loss that is no number."""

import signal

import pandas as pd
import pytest

from ablate.analysis.collect import collect
from tests.faults.planting import PLANTED, RUN, assert_undisturbed, faulty, whole, words
from tests.processes import ROOT, ablate, epochs, finish, record, start, until


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
    given = words(8, "loss._target_=broken.LossThatBreaks", "+loss.step=" + str(step), "data.train_limit=128")
    status, said = finish(start(tmp_path, *given, "trainer.batch_size=64", PYTHONPATH=f"{PLANTED}:{ROOT}"))
    assert status == 0, said
    assert record(tmp_path / RUN)["status"] == "diverged"
    (run,) = collect(tmp_path / "outputs/s").to_dict("records")
    assert run["status"] == "diverged" and run["epochs"] == (step + 1) // 2  # of two steps each
    assert not (tmp_path / RUN / "checkpoint.pt").exists()


@pytest.mark.faults
def test_the_report_names_the_run_that_diverged(tmp_path):
    given = words(4, "optimizer.lr=1e30", "seed=0,1")
    whole(tmp_path, *given)
    assert ablate(tmp_path, "report", "s").returncode == 0
    assert set(pd.read_csv(tmp_path / "outputs/s/report/runs.csv")["status"]) == {"diverged"}
    assert "diverged" in (tmp_path / "outputs/s/report/report.html").read_text()


@pytest.mark.faults
@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_two_processes_at_one_study_train_each_run_once(tmp_path, launcher):
    (tmp_path / "whole").mkdir()
    (tmp_path / "both").mkdir()
    given = words(20, "seed=0,1,2", f"hydra/launcher={launcher}")
    whole(tmp_path / "whole", *given)
    several = [start(tmp_path / "both", *given) for _ in range(2)]
    for process in several:
        status, said = finish(process)
        assert status == 0, said
    assert_undisturbed(tmp_path / "both", tmp_path / "whole")
    logs = list((tmp_path / "both").rglob("train.log"))
    assert len(logs) == 3 and all(log.read_text().count("completed: ") == 1 for log in logs)


@pytest.mark.faults
@pytest.mark.parametrize("at", [1, 12, 20, 40])
def test_a_clock_put_back_changes_nothing(tmp_path, undisturbed, at):
    status, said = finish(faulty(tmp_path, "back", at, *words(40)))
    assert status == 0, said
    assert_undisturbed(tmp_path, undisturbed)
    assert record(tmp_path / RUN)["seconds"]["total"] > 0
