"""Run a command in a new process, so that the results are those of the command line.

The calling process, such as a notebook, keeps its threads, random state, logging and memory, and survives if the
command runs out of memory.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from ablate.backend import processes
from ablate.runs.provenance import ROOT
from ablate.terminal.errors import INTERRUPTED, InputError, RunFailed

INTERRUPT_SECONDS = 10.0  # time for the process to stop after Ctrl-C
# Removed from the environment: Jupyter sets these, but cannot draw live tables.
TERMINAL_VARIABLES = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def call(verb: str, arguments: Sequence[str], show_output: bool = True) -> None:
    """Run `ablate VERB ARGUMENTS...`.

    Args:
        verb: a command, such as `train`.
        arguments: its command line arguments.
        show_output: print the output of the command, line by line.

    Raises:
        InputError: exit status 2; with the error message of the command.
        RunFailed: another nonzero exit status; with the last line of the output.
        KeyboardInterrupt: the command was interrupted.
    """
    # -P keeps the working folder, which may contain another copy of the package, out of Python's path.
    command = [sys.executable, "-P", "-m", "ablate.cli", verb, *arguments]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {name: value for name, value in os.environ.items() if name not in TERMINAL_VARIABLES}
    environment |= {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:replace"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert process.stdout is not None
    last_line = ""
    try:
        for line in process.stdout:
            last_line = line.strip() or last_line
            if show_output:
                print(line, end="", flush=True)
        status = process.wait()
    except BaseException:
        _stop(process)
        raise
    if status == 2:
        raise InputError(last_line)
    if status in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if status < 0:
        raise RunFailed(f"`ablate {verb}` was killed by {signal.Signals(-status).name}. Call it again to resume.")
    if status:
        raise RunFailed(last_line)


def _stop(process: subprocess.Popen[str]) -> None:
    """Wait until a process has stopped; interrupt it if it has not received the Ctrl-C of the notebook itself."""
    try:
        process.communicate(timeout=INTERRUPT_SECONDS)
    except subprocess.TimeoutExpired:
        processes.stop(process)
        process.communicate()


def flags(**values: bool) -> list[str]:
    """The flags that are set, as words of a command: `flags(trust=True)` is `["--trust"]`."""
    return [f"--{name}" for name, value in values.items() if value]
