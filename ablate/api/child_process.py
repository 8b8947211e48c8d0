"""A verb in a process of its own, as from the command line: the same numbers, and nothing of it stays in a notebook.

Threads, random state, logging, devices and memory of the process that calls are as they were; Hydra, the forks of a
study and a kill for want of memory do not reach it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from ablate.commands.exit_status import INTERRUPTED
from ablate.runs.provenance import ROOT
from ablate.terminal.errors import InputError, RunFailed

PATIENCE = 10.0  # seconds in which a process ends that heard the same Ctrl-C
TERMINALS = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # Jupyter says it is one, and cannot draw a live table


def call(verb: str, words: Sequence[str], shown: bool = True) -> None:
    """Run `ablate VERB WORDS...`, and print what it says as it says it, if it is `shown`.

    Raises:
        InputError: it refused; with its sentence.
        RunFailed: it ended with another exit status than 0; with its last words.
        KeyboardInterrupt: it was interrupted, and has ended in order.
    """
    # -P: what lies in the folder this is called from, such as a checkout, is not the code.
    command = [sys.executable, "-P", "-m", "ablate.cli", verb, *words]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {name: value for name, value in os.environ.items() if name not in TERMINALS}
    environment |= {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:replace"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said = line.strip() or said
            if shown:
                print(line, end="", flush=True)
        status = process.wait()
    except BaseException:
        _end(process)
        raise
    if status == 2:
        raise InputError(said)
    if status in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if status < 0:
        raise RunFailed(f"`ablate {verb}` was ended by {signal.Signals(-status).name}; the same call goes on with it.")
    if status:
        raise RunFailed(said)


def _end(process: subprocess.Popen[str]) -> None:
    """Let a process end in order. In most notebooks it heard the same Ctrl-C, and a second one would cut it off."""
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.communicate()
