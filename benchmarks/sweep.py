"""Compare the wall time of a 12-run study with `hydra/launcher=local`, a shell loop, and Hydra's basic launcher.

    python benchmarks/sweep.py [--repeat 3] [OVERRIDE ...]

OVERRIDEs apply to all runs. The three ways alternate, so that noise on the machine affects all of them. Prints the
median times, the median ratios of a round, the GFLOP/s that each way achieves (compare with `peak.py`), the time per
run that is not training, in a worker and in a separate process, and whether the goals were reached.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from operator import truediv
from pathlib import Path

import peak

FACTORS = {"normalization": ["none", "batch"], "activation": ["relu", "gelu"], "seed": ["0", "1", "2"]}
COMMAND = [sys.executable, "-m", "ablate.cli", "train"]
SPEED, OVERHEAD = 1.7, 0.08  # goals: speed of `local` relative to the basic launcher, and seconds per run
SWEEP = [f"{name}={','.join(levels)}" for name, levels in FACTORS.items()]


def local(folder: Path, overrides: list[str]) -> None:
    """Run the study with `hydra/launcher=local`."""
    run([*COMMAND, "-m", "study.name=s", *overrides, *SWEEP], folder)


def shell_loop(folder: Path, overrides: list[str]) -> None:
    """Run each configuration with `ablate train` in a loop."""
    loops = " ".join(f"for {name} in {' '.join(levels)}; do" for name, levels in FACTORS.items())
    variables = " ".join(f"{name}=${name}" for name in FACTORS)
    run(["bash", "-ec", f"{loops} {' '.join([*COMMAND, *overrides])} {variables}; " + "done; " * len(FACTORS)], folder)


def hydra_basic(folder: Path, overrides: list[str]) -> None:
    """Run the study with Hydra's basic launcher: one run after another, in one process with all cores."""
    run([*COMMAND, "-m", "study.name=s", "hydra/launcher=basic", *overrides, *SWEEP], folder)


def run(command: list[str], folder: Path) -> None:
    """Run a command; exits with its error output if it fails."""
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"{command} failed with status {process.returncode}: {process.stderr[-2000:]}")


def timed(way, overrides: list[str]) -> tuple[float, list[dict], float]:
    """Run the study one way; returns its seconds, the records of its runs, and their total GFLOP/s."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        way(Path(folder), overrides)
        seconds = time.perf_counter() - start
        runs = [path.parent for path in Path(folder).rglob("run.json")]
        records = [json.loads((run / "run.json").read_text()) for run in runs]
        rate = sum(peak.operations(run) for run in runs) / seconds / 1e9
    assert len(records) == 12 and {record["status"] for record in records} == {"completed"}
    return seconds, records, rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "overrides", nargs="*", metavar="OVERRIDE", default=["data=digits", "model=cnn", "trainer.epochs=10"]
    )
    args = parser.parse_args()
    ways = {"local": local, "shell loop": shell_loop, "Hydra basic": hydra_basic}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    worker_overhead, process_overhead = [], []
    for _ in range(args.repeat):
        for name, way in ways.items():
            elapsed, records, rate = timed(way, args.overrides)
            seconds[name].append(elapsed)
            rates[name].append(rate)
            if name == "local":
                worker_overhead += [record["seconds"]["total"] - record["seconds"]["train"] for record in records]
            if name == "shell loop":
                training = sum(record["seconds"]["train"] for record in records)
                process_overhead.append((elapsed - training) / len(records))
    print(f"12 runs of {' '.join(args.overrides)}; median of {args.repeat}")
    ratios: dict[str, float] = {}
    for name, times in seconds.items():
        ratios[name] = statistics.median(map(truediv, times, seconds["local"]))
        rate, listed = statistics.median(rates[name]), ", ".join(f"{time:.1f}" for time in times)
        print(f"{name:12} {statistics.median(times):7.1f} s   {ratios[name]:4.2f} x   {rate:5.0f} GFLOP/s   ({listed})")
    overhead, largest = statistics.median(worker_overhead), max(worker_overhead)
    print(f"overhead per run, in a worker: {overhead:.3f} s (largest {largest:.3f} s)")
    print(f"overhead per run, in its own process: {statistics.median(process_overhead):.2f} s")
    speed = ratios["Hydra basic"]
    print(f"goal: {SPEED} times as fast as Hydra's basic launcher: {'yes' if speed >= SPEED else 'no'} ({speed:.2f})")
    print(f"goal: overhead below {OVERHEAD} s: {'yes' if overhead < OVERHEAD else 'no'} ({overhead:.3f} s)")


if __name__ == "__main__":
    main()
