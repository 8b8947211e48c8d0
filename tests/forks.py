"""`python -m ablate.cli WORDS` without the seconds of its imports: a fork of a process that has them behind it.

A line on stdin is a command as JSON: folder, words, and the files that become its stdout and stderr. When it has ended,
its exit status goes to stdout, negative if it was a signal.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import sys

IMPORTED = (
    "ablate.data.digits",
    "ablate.training.loop",
    "ablate.training.parts",
    "ablate.commands.train",
    "ablate.commands.report",
    *(
        "matplotlib.backends.backend_pdf",
        "scipy.stats",
        "statsmodels.stats.power",
        "typst",
    ),  # what a report imports late
)
SECONDS = 400  # after which a command is killed


def become(folder: str, words: list[str], output: str, errors: str) -> None:
    """Go on as that command."""
    signal.alarm(SECONDS)
    os.chdir(folder)
    for number, path in enumerate((os.devnull, output, errors)):
        os.dup2(os.open(path, os.O_RDWR), number)
    # New streams, because the server's own know whether its pipes, not these files, are terminals.
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv[1:] = words
    runpy.run_module("ablate.cli", run_name="__main__", alter_sys=True)
    sys.exit()


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # so that no fork copies what it does not change
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
