"""`ablate` as a user starts it: a real process, which can be watched, interrupted and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
SMALL = ("data=digits", "data.train_limit=64", "trainer.epochs=1", "trainer.threads=1")


def ablate(
    folder: Path, *words: str, module: str = "ablate.cli", root: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """`ablate` with these words, in the folder, to its end; of the code in `root`."""
    command = [sys.executable, "-m", module, *words]
    settings = {**ENVIRONMENT, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=settings, timeout=300)


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`ablate` with these words, in the folder."""
    command = [sys.executable, "-m", "ablate.cli", *words]
    settings = {**ENVIRONMENT, **environment}
    return subprocess.Popen(
        command, cwd=folder, env=settings, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_interrupts
    )


def heeds_interrupts() -> None:
    """Ctrl-C reaches a process whose shell, as it does for what runs in the background, had it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status and what it said."""
    _, said = process.communicate(timeout=400)
    return process.returncode, said


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
