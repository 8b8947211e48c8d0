"""Exit status and message of each kind of end."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from ablate.commands.exit_status import run_command
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


def test_a_reader_that_has_gone_is_no_error():
    script = "from ablate.commands.exit_status import run_command; raise SystemExit(run_command(print, ['x' * 10**6]))"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, env=ENVIRONMENT)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 141
