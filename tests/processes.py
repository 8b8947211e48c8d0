"""`ablate`: as a fork, which is quick, or as a user starts it, a process to watch, interrupt and kill."""

import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
ENVIRONMENT = {**os.environ, "PYTHONPATH": PATH, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
SMALL = ("data=digits", "data.train_limit=64", "trainer.epochs=1", "trainer.threads=1")


def ablate(
    folder: Path, *words: str, stdin: str = "", script: Path | None = None, **environment: str
) -> CompletedProcess[str]:
    """`ablate` with these words, in the folder, to its end, with this text on stdin: a fork, see tests/forks.py.

    Forks have one hash seed and one state of NumPy's generator: `alone` tells whether a process has the same bits.
    """
    server = forks()
    assert server.stdin and server.stdout
    with (
        tempfile.NamedTemporaryFile("r") as output,
        tempfile.NamedTemporaryFile("r") as errors,
        tempfile.NamedTemporaryFile("w") as file,
    ):
        file.write(stdin)
        file.flush()
        command = {"folder": str(folder), "words": words, "output": output.name, "errors": errors.name}
        command |= {"stdin": file.name, "script": str(script) if script else None, **environment}
        print(json.dumps(command), file=server.stdin, flush=True)
        status = server.stdout.readline()
        assert status, "tests.forks has ended; what it said is on stderr"
        return CompletedProcess(words, int(status), output.read(), errors.read())


@functools.cache
def forks() -> subprocess.Popen[str]:
    """The process that is forked, which ends with this one."""
    command = [sys.executable, "-m", "tests.forks"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, **pipes)


def alone(folder: Path, *words: str, module: str = "ablate.cli", root: Path | str = ROOT) -> CompletedProcess[str]:
    """The same as a process of its own, which is `python -m MODULE WORDS`; of the code in `root`."""
    command = [sys.executable, "-m", module, *words]
    settings = {**ENVIRONMENT, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=settings, timeout=300)


def start(folder: Path, *words: str, own_group: bool = False, **environment: str) -> subprocess.Popen[str]:
    """`ablate` with these words, in the folder; with `own_group` as the leader of a process group."""
    command = [sys.executable, "-m", "ablate.cli", *words]
    settings = {**ENVIRONMENT, **environment}
    options = {"stderr": subprocess.PIPE, "text": True, "process_group": 0 if own_group else None}
    return subprocess.Popen(command, cwd=folder, env=settings, preexec_fn=heeds_interrupts, **options)


def heeds_interrupts() -> None:
    """Ctrl-C reaches a process whose shell, as it does for what runs in the background, had it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status and what it said."""
    _, output = process.communicate(timeout=400)
    return process.returncode, output


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Return when the condition holds; it is an error if the process ends first."""
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def epochs(folder: Path) -> int:
    """Rows of a run's metrics.csv."""
    path = folder / "metrics.csv"
    return max(0, path.read_text().count("\n") - 1) if path.exists() else 0


def assert_the_same(one: Path, other: Path) -> None:
    """Two runs have the same weights and figures, to the last bit."""
    assert (one / "model.pt").read_bytes() == (other / "model.pt").read_bytes()
    assert record(one)["metrics"] == record(other)["metrics"]
    rows = [pd.read_csv(f / "metrics.csv").drop(columns=["seconds", "images_per_second"]) for f in (one, other)]
    pd.testing.assert_frame_equal(*rows)
    assert not (one / "checkpoint.pt").exists()
