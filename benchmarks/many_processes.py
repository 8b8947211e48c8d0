"""Measure the load on a shared file system: operations of a process start, a run and an epoch, and contended locks.

    python benchmarks/many_processes.py [--processes 1 2 4 8 16 32 64] [--seconds 3] [--only operations locks]

Operations are counted with strace: system calls that name a file, and those that sync one. Those below the folder of
the study or run are counted by kind; the others are those of Python and its packages. The slopes are differences
between two commands. Locks: acquisitions per second of all processes together, and the longest wait of any process.
"""

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock
from scale import DIGITS, TRAIN

from ablate.files.lock import lock
from ablate.runs import test_log
from ablate.runs.test_result import TestResult

CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
PATH = re.compile(r'(?:AT_FDCWD<([^>]*)>, )?"([^"]*)"|\d+<([^>]*)>')  # folder and name, or file of a descriptor
KINDS = {"openat": "open", "rename": "rename", "fsync": "sync", "fdatasync": "sync", "mkdir": "mkdir",
         "unlink": "unlink", "unlinkat": "unlink", "rmdir": "unlink", "flock": "lock"}  # fmt: skip
NOTHING: dict[str, Any] = {"per_class_accuracy": {}, "per_class_interval": {}}
NOTHING |= {"reliability": [], "confusion": [], "mistakes": []}
RESULT = TestResult(
    uses=1, images=100, accuracy=0.9, loss=0.4, accuracy_interval=(0.8, 1), calibration_error=0, **NOTHING
)


def operations(words: list[str], folder: Path) -> tuple[Counter[str], int]:
    """Run a command in an empty folder; count its file operations below the folder by kind, and all others."""
    folder.mkdir()
    trace = folder.with_suffix(".trace")
    tracing = ["strace", "-f", "-y", "-s", "4096", "-o", trace, "-e", "trace=%file,fsync,fdatasync,flock"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    safe = {**os.environ, "PYTHONSAFEPATH": "1"}  # as for the command `ablate`, which imports nothing from here
    subprocess.run([*tracing, *words], cwd=folder, env=safe, check=True, **quiet)
    below: Counter[str] = Counter()
    others = 0
    for line in trace.read_text(errors="replace").splitlines():
        if (call := CALL.match(line)) and (name := PATH.search(call[2])):
            inside = (Path(name[1] or "/") / (name[2] or name[3])).is_relative_to(folder)
            below[KINDS.get(call[1], "stat")] += inside
            others += not inside
    return below, others


def study(runs: int, epochs: int) -> list[str]:
    """The command of a study that trains its runs, one per variant, one after another in one worker."""
    rates = "optimizer.lr=" + ",".join(f"{0.01 + run / 1000:.3f}" for run in range(runs))
    return [*TRAIN, "-m", "study.name=s", *DIGITS, f"trainer.epochs={epochs}", rates, "hydra.launcher.jobs_at_once=1"]


def count_operations(scratch: Path) -> None:
    """Print the operations of a process start, and the slopes per run and per epoch."""
    commands = {"1 run": [*TRAIN, *DIGITS, "trainer.epochs=1"], "5 runs, 1 epoch": study(5, 1)}
    commands |= {"25 runs, 1 epoch": study(25, 1), "5 runs, 5 epochs": study(5, 5)}
    counted = {name: operations(words, scratch / name.replace(" ", "")) for name, words in commands.items()}
    for name, (below, others) in counted.items():
        print(f"{name:18}{sum(below.values()):7,} on its own files {dict(below)}, {others:,} others", flush=True)
    first, runs, epochs = (counted[name] for name in list(counted)[1:])
    for name, last, added in (("run of one epoch", runs, 20), ("epoch", epochs, 20)):
        slopes = {kind: (last[0][kind] - first[0][kind]) / added for kind in last[0]}
        shown = ", ".join(f"{slope:.1f} {kind}" for kind, slope in slopes.items() if slope)
        others = (last[1] - first[1]) / added
        print(f"per {name}: {sum(slopes.values()):.1f} on its own files ({shown}), {others:.1f} others")


def own_lock(folder: Path, number: int) -> None:
    """What a run does: lock its own folder."""
    with lock(folder / f"variant{number}/seed=0"):
        pass


def study_lock(folder: Path, number: int) -> None:
    """What commands of the same study do: lock the study."""
    with FileLock(folder / ".lock", timeout=60):
        pass


def test_use(folder: Path, number: int) -> None:
    """What `ablate test` does in each run: append a synced line to tests.jsonl, which all runs of the study share."""
    run = folder / f"variant{number}/seed=0"
    run.mkdir(parents=True, exist_ok=True)
    test_log.record_use(run, msgspec.structs.replace(RESULT, time="2026", config_sha256=str(number)))


def repeat(operation: Callable[[Path, int], None], folder: Path, number: int, until: float) -> list[float]:
    """Repeat an operation until a time; returns the seconds that each took."""
    took = []
    while (started := time.monotonic()) < until:
        operation(folder, number)
        took.append(time.monotonic() - started)
    return took


def contention(scratch: Path, counts: list[int], seconds: float) -> None:
    """Print the rates of each lock with these numbers of processes."""
    for operation in (own_lock, study_lock, test_use):
        for count in counts:
            folder = scratch / f"{operation.__name__}{count}"
            folder.mkdir()
            (folder / "study.json").touch()
            with multiprocessing.Pool(count) as pool:
                until = time.monotonic() + 1 + seconds
                took = pool.starmap(repeat, [(operation, folder, number, until) for number in range(count)], 1)
            times = sorted(time for one in took for time in one)
            rate, median, fewest = len(times) / (seconds + 1), times[len(times) // 2], min(map(len, took))
            print(f"{operation.__name__:12}{count:4} processes: {rate:9,.0f} per second, median {1e3 * median:8.2f} ms,"
                  f" longest {times[-1]:6.2f} s, fewest of a process {fewest:,}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", nargs="+", default=["operations", "locks"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if "operations" in args.only:
            count_operations(Path(scratch))
        if "locks" in args.only:
            contention(Path(scratch), args.processes, args.seconds)


if __name__ == "__main__":
    sys.exit(main())
