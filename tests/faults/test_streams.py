"""Training continues when its output cannot be written: closed, without a reader or a terminal, on a full disk."""

import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.planting import RUN, assert_undisturbed, words
from tests.processes import ENVIRONMENT, epochs, heeds_interrupts, record, until

RUNS = {
    "study": words(40),
    "local": words(40, "hydra/launcher=local"),
    "run": (*(word for word in words(40) if word not in ("-m", "study.name=s") and "launcher" not in word),
            f"hydra.run.dir='{RUN}'"),
}  # fmt: skip
UNWRITABLE = (">&- 2>&-", "0<&- >&- 2>&-", "2>&-", ">&-", ">/dev/full 2>&1", "2>/dev/full", "</dev/full >&0 2>&0")
QUICK = {"study": "0<&- >&- 2>&-", "run": ">&- 2>&-"}  # the other cases are among the faults


def shell(folder: Path, run: str, redirection: str, **options) -> subprocess.Popen:
    command = shlex.join([sys.executable, "-m", "ablate.cli", *RUNS[run]])
    return subprocess.Popen(["bash", "-c", f"exec {command} {redirection}"], cwd=folder, env=ENVIRONMENT, **options)


def assert_the_run_is_whole(folder: Path, undisturbed: Path, run: str) -> None:
    if run == "run":  # outside the study, hence with another record
        assert (folder / RUN / "model.pt").read_bytes() == (undisturbed / RUN / "model.pt").read_bytes()
        assert record(folder / RUN)["metrics"] == record(undisturbed / RUN)["metrics"]
    else:
        assert_undisturbed(folder, undisturbed)
    assert (folder / RUN / "train.log").read_text().count("completed: ") == 1


@pytest.mark.integration
@pytest.mark.parametrize(
    "run, redirection",
    [
        pytest.param(run, redirection, marks=[] if QUICK.get(run) == redirection else pytest.mark.faults)
        for run in RUNS
        for redirection in UNWRITABLE
    ],
)
def test_no_run_is_lost_with_streams_that_cannot_be_written(tmp_path, undisturbed, run, redirection):
    process = shell(tmp_path, run, redirection)
    assert process.wait(400) == 0
    assert_the_run_is_whole(tmp_path, undisturbed, run)


@pytest.mark.faults
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("after", [0, 3])
def test_a_reader_that_exits_while_training(tmp_path, undisturbed, run, after):
    read, write = os.pipe()
    process = shell(tmp_path, run, "", stdout=write, stderr=write)
    os.close(write)
    until(lambda: epochs(tmp_path / RUN) >= after, process)
    os.close(read)
    assert process.wait(400) == 0
    assert_the_run_is_whole(tmp_path, undisturbed, run)


@pytest.mark.faults
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("nohup", [True, False])
def test_a_terminal_that_is_closed_while_training(tmp_path, undisturbed, run, nohup):
    """Under `nohup` training continues; otherwise it is interrupted and resumes."""
    controller, terminal = pty.openpty()

    def session() -> None:
        os.setsid()
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
        heeds_interrupts()

    process = shell(tmp_path, run, "", stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=session)
    os.close(terminal)
    until(lambda: epochs(tmp_path / RUN) >= 2, process)
    os.close(controller)  # every write now fails with EIO; the system sends SIGHUP
    status = process.wait(400)
    assert status == (0 if nohup else 130)
    if not nohup:
        assert record(tmp_path / RUN)["status"] == "interrupted" and record(tmp_path / RUN)["epochs"]["done"] >= 2
        assert shell(tmp_path, run, ">/dev/null 2>&1").wait(400) == 0
    assert_the_run_is_whole(tmp_path, undisturbed, run)


@pytest.mark.faults
@pytest.mark.parametrize("run", RUNS)
def test_without_a_controlling_terminal(tmp_path, undisturbed, run):
    process = shell(tmp_path, run, "</dev/null >log 2>&1", start_new_session=True)
    assert process.wait(400) == 0
    assert_the_run_is_whole(tmp_path, undisturbed, run)


@pytest.mark.parametrize("command", [("plan", "study.name=p", "data=digits"), ("train", "--cfg", "job")])
def test_a_command_whose_result_is_its_output_reports_that_it_was_not_written(tmp_path, command):
    words = shlex.join([sys.executable, "-m", "ablate.cli", *command])
    ended = subprocess.run(
        ["bash", "-c", f"{words} >/dev/full"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert ended.returncode and "No space left on device" in ended.stderr and "Traceback" not in ended.stderr
