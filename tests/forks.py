"""`python -m ablate.cli WORDS` or `python SCRIPT WORDS` without the seconds of the imports: a fork of a process that
has them behind it.

A line on stdin is a command as JSON: folder, words, the files that become its stdin, stdout and stderr, the script, if
any, and environment variables. When it has ended, its exit status goes to stdout, negative if it was a signal.
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


def become(
    folder: str, words: list[str], output: str, errors: str, stdin: str = os.devnull, script: str | None = None,
    **environment: str,
) -> None:  # fmt: skip
    """Go on as that command, or as that script."""
    signal.alarm(SECONDS)
    os.chdir(folder)
    os.environ.update(environment)
    for number, path in enumerate((stdin, output, errors)):
        os.dup2(os.open(path, os.O_RDWR), number)
    # New streams, because the server's own know whether its pipes, not these files, are terminals.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv[1:] = words
    if script:
        sys.argv[0], sys.path[0] = script, os.path.dirname(script)
        runpy.run_path(script, run_name="__main__")
    else:
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
