"""Exit status and message of each kind of end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ablate.commands.exit_status import run_command
from ablate.runs import study_plan
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.terminal.errors import InputError
from tests.processes import ENVIRONMENT


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore what a command sets for its process."""
    monkeypatch.delenv("ABLATE_DEBUG", raising=False)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def raising(error: BaseException) -> Callable:
    def command(arguments: list[str]) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("Give a study."), 2, "Give a study."),
        (FileNotFoundError(2, "No such file or directory", "x"), 2, "x: No such file or directory."),
        (
            ModuleNotFoundError("No module named 'PIL'", name="PIL"),
            2,
            "the package pillow. Run: pip install pillow",
        ),
        (ModuleNotFoundError("No module named 'mine'", name="mine"), 1, "ModuleNotFoundError: No module named 'mine'"),
        (ValueError("odd"), 1, "ValueError: odd (traceback in the run's train.log, or with --debug)."),
        (MemoryError(), 1, "MemoryError (traceback in the run's train.log, or with --debug)."),
        (ValueError("x" * 10**6), 1, "…"),
        (InputError("\x1b[2Jx"), 2, "x"),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_an_exception_is_a_line_and_a_status(error, status, message, capsys):
    assert run_command(raising(error), []) == status
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and "\x1b" not in printed.err and printed.out == ""


def test_debug_is_taken_from_the_arguments_and_prints_a_traceback(capsys):
    received = []

    def command(arguments: list[str]) -> int:
        received.extend(arguments)
        raise InputError("Give a study.")

    assert run_command(command, ["a", "--debug", "b"]) == 2 and received == ["a", "b"]
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 1, 3])
def test_otherwise_the_status_is_the_commands_own(status):
    assert run_command(lambda arguments: status, []) == status


VERBS = [("--help",), ("completion", "bash"), ("diff", "--help"), ("status", "STUDY")]


def ended(words: tuple[str, ...], folder: Path, **streams: int) -> subprocess.CompletedProcess[str]:
    """Run `ablate` with these words; STUDY is the folder of a study of one run."""
    run = PlannedRun(variant="baseline", factors={}, seed=0, folder="baseline/seed=0", config_sha256="0")
    plan = StudyPlan(name="s", design="factorial", baseline={}, factors={}, seeds=[0], command="ablate", runs=[run])
    study_plan.write(folder, plan)
    line = [sys.executable, "-m", "ablate.cli", *(word.replace("STUDY", str(folder)) for word in words)]
    return subprocess.run(line, **({"stdout": -1, "stderr": -1} | streams), env=ENVIRONMENT, text=True)


@pytest.mark.parametrize("words", VERBS)
def test_a_reader_that_has_gone_is_no_error_and_no_verdict(tmp_path, words):
    """Status 1 would mean that a run failed, or a comparison differs."""
    reader, output = os.pipe()
    os.close(reader)
    process = ended(words, tmp_path, stdout=output)
    os.close(output)
    assert (process.returncode, process.stderr) == (141, "")


@pytest.mark.parametrize("words", VERBS)
def test_a_full_disk_is_reported_as_that_of_standard_output(tmp_path, words):
    with open("/dev/full", "wb") as full:
        process = ended(words, tmp_path, stdout=full.fileno())
    assert (process.returncode, process.stderr) == (2, "Standard output: No space left on device.\n")


@pytest.mark.parametrize(("words", "status"), [(("unknown",), 2), (("diff", "x", "y"), 2), (("completion", "bash"), 0)])
def test_messages_that_cannot_be_written_do_not_change_the_status(tmp_path, words, status):
    with open("/dev/full", "wb") as full:
        assert ended(words, tmp_path, stderr=full.fileno()).returncode == status
