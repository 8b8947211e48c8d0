"""A study as real processes: interrupted, killed, its workers killed, and run by two at once."""

import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from ablate.files.lock import lock
from ablate.runs import run_record, study_plan
from ablate.runs.run_record import RunRecord
from ablate.study.status import planned_state
from ablate.study.sweeper import conclude, launch
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate, assert_the_same, epochs, finish, record, start, until
from tests.runs.test_stages import plan

LONG = ("data=digits", "model=cnn", "trainer.epochs=8", "trainer.threads=1", "seed=0,1,2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The study that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole")
    ended = ablate(folder, "train", "-m", "study.name=s", *LONG)
    assert ended.returncode == 0, ended.stderr
    return folder / "outputs/s"


def assert_goes_on(folder: Path, whole: Path) -> None:
    """The same command finishes the study, and every run is as if nothing had happened."""
    ended = ablate(folder, "train", "-m", "study.name=s", *LONG)
    assert ended.returncode == 0, ended.stderr
    assert not (folder / "outputs/s/.replaced").exists()
    for seed in range(3):
        assert_the_same(folder / f"outputs/s/baseline/seed={seed}", whole / f"baseline/seed={seed}")


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


@pytest.mark.parametrize(
    "sign, launcher",
    [
        pytest.param(signal.SIGKILL, "local", marks=pytest.mark.integration),
        pytest.param(signal.SIGINT, "local", marks=pytest.mark.integration),
        pytest.param(signal.SIGTERM, "basic", marks=pytest.mark.integration),
        pytest.param(signal.SIGTERM, "local", marks=pytest.mark.faults),
        pytest.param(signal.SIGKILL, "basic", marks=pytest.mark.faults),
        pytest.param(signal.SIGINT, "basic", marks=pytest.mark.faults),
    ],
)
def test_a_study_that_is_ended_goes_on_where_it_was(tmp_path, whole, sign, launcher):
    run = tmp_path / "outputs/s/baseline/seed=0"
    process = start(tmp_path, "train", "-m", "study.name=s", *LONG, f"hydra/launcher={launcher}")
    until(lambda: epochs(run) >= 2, process)
    workers = children(process.pid)
    process.send_signal(sign)
    status, _ = finish(process)
    assert status == (-signal.SIGKILL if sign == signal.SIGKILL else 130)
    for worker in workers:  # those of a killed study notice it
        while Path(f"/proc/{worker}/stat").exists() and Path(f"/proc/{worker}/stat").read_text().split()[2] != "Z":
            pass
    planned = study_plan.read(tmp_path / "outputs/s").runs
    assert planned_state(tmp_path / "outputs/s", planned[0]).status == "interrupted"
    assert (run / "checkpoint.pt").exists()
    assert_goes_on(tmp_path, whole)


@pytest.mark.integration
def test_a_killed_worker_costs_its_run_alone(tmp_path, whole):
    runs = tmp_path / "outputs/s/baseline"
    process = start(tmp_path, "train", "-m", "study.name=s", *LONG, "hydra.launcher.jobs_at_once=1")
    until(lambda: epochs(runs / "seed=0") >= 2, process)
    (worker,) = children(process.pid)
    os.kill(worker, signal.SIGKILL)
    status, output = finish(process)
    assert status == 1 and re.search(r"baseline/seed=0\s+interrupted\s+the process was killed \(SIGKILL\)", output)
    assert [record(runs / f"seed={seed}")["status"] for seed in (1, 2)] == ["completed"] * 2
    assert_goes_on(tmp_path, whole)


@pytest.mark.integration
def test_two_sweeps_of_a_study_share_its_runs(tmp_path, whole):
    words = ("train", "-m", "study.name=s", *LONG, "hydra.launcher.jobs_at_once=1")
    first = start(tmp_path, *words)
    until(lambda: epochs(tmp_path / "outputs/s/baseline/seed=0") >= 1, first)
    second = start(tmp_path, *words)
    until(lambda: epochs(tmp_path / "outputs/s/baseline/seed=1") >= 1, second)
    assert {finish(first)[0], finish(second)[0]} == {0}
    for seed in range(3):
        run = tmp_path / f"outputs/s/baseline/seed={seed}"
        assert_the_same(run, whole / f"baseline/seed={seed}")
        assert (run / "train.log").read_text().count("completed: ") == 1
        assert epochs(run) == 8
    assert not (tmp_path / "outputs/s/.replaced").exists()


def test_a_failed_run_is_tried_again_and_the_earlier_one_kept(tmp_path):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,vgg", "data.augment=1")
    assert ablate(tmp_path, *words).returncode == 2  # a typo starts nothing
    (tmp_path / "photos").mkdir()
    words = ("train", "-m", "study.name=s", "data=image_folder", "data.root=photos", "trainer.epochs=1", "model=mlp")
    assert ablate(tmp_path, *words).returncode == 2
    assert ablate(tmp_path, *words).returncode == 2
    assert {path.name for path in (tmp_path / "outputs/s/baseline").glob("seed*")} == {"seed=0"}
    assert (tmp_path / "outputs/s/.replaced/baseline/seed=0-1/run.json").exists()


class Unused:
    """A launcher for runs that another process trains."""

    def launch(self, overrides, number):
        raise AssertionError("a failed run was launched a second time")


def test_the_status_is_1_where_runs_failed_in_another_process(tmp_path):
    study_plan.write(tmp_path, plan(looks=()))
    runs = study_plan.read(tmp_path).runs
    locks = ExitStack()
    for run in runs:
        locks.enter_context(lock(tmp_path / run.folder))

    def end_elsewhere():
        for run in runs:
            (tmp_path / run.folder).mkdir()
            failed = RunRecord(status="failed", config_sha256=run.config_sha256, error="Disk full.")
            run_record.write(tmp_path / run.folder, failed)
        locks.close()

    Timer(0.2, end_elsewhere).start()
    errors = launch(runs, {}, tmp_path, Unused())
    with pytest.raises(SystemExit) as ended:
        conclude(tmp_path, runs, errors)
    assert ended.value.code == 1


def test_the_status_is_2_only_where_the_input_of_all_runs_was_refused(tmp_path):
    study_plan.write(tmp_path, plan(looks=()))
    runs = study_plan.read(tmp_path).runs
    refused = {run.folder: InputError("Invalid.") for run in runs}
    last = {runs[-1].folder: OSError("Disk full.")}
    for errors, status in ((refused, 2), (refused | last, 1), (dict([*refused.items()][:-1]), 1)):
        with pytest.raises(SystemExit) as ended:
            conclude(tmp_path, runs, errors)
        assert ended.value.code == status
