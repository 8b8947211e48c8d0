"""Wall time of a 12-run study: `hydra/launcher=local` against a shell loop and Hydra's own sweeper and launcher.

    python benchmarks/sweep.py [--repeat 3] [WORD ...]

WORDs are overrides of all runs. The three are run one after another in each repeat, so that a noisy machine is noisy
for all; the medians and their ratios are printed. Also: what a run costs beside its training, in a worker and in a
process of its own, and what the sweep uses of the arithmetic of which `peak.py` finds the machine capable.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peak

FACTORS = {"normalization": ["none", "batch"], "activation": ["relu", "gelu"], "seed": ["0", "1", "2"]}
COMMAND = [sys.executable, "-m", "ablate.cli", "train"]
SWEEP = [f"{name}={','.join(levels)}" for name, levels in FACTORS.items()]


def local(folder: Path, words: list[str]) -> None:
    run([*COMMAND, "-m", "study.name=s", *words, *SWEEP], folder)


def shell_loop(folder: Path, words: list[str]) -> None:
    loops = " ".join(f"for {name} in {' '.join(levels)}; do" for name, levels in FACTORS.items())
    each = " ".join(f"{name}=${name}" for name in FACTORS)
    run(["bash", "-ec", f"{loops} {' '.join([*COMMAND, *words])} {each}; " + "done; " * len(FACTORS)], folder)


def hydra_basic(folder: Path, words: list[str]) -> None:
    run([*COMMAND, "-m", "study.name=s", "hydra/sweeper=basic", "hydra/launcher=basic", *words, *SWEEP], folder)


def run(command: list[str], folder: Path) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"{command} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return ended.stdout


def timed(way, words: list[str]) -> tuple[float, list[dict], float]:
    """Seconds, the records of the runs, and the GFLOP/s that all of them used together."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        way(Path(folder), words)
        seconds = time.perf_counter() - began
        runs = [path.parent for path in Path(folder).rglob("run.json")]
        records = [json.loads((run / "run.json").read_text()) for run in runs]
        rate = sum(peak.operations(run) for run in runs) / seconds / 1e9
    assert len(records) == 12 and {record["status"] for record in records} == {"completed"}
    return seconds, records, rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("words", nargs="*", default=["data=digits", "model=cnn", "trainer.epochs=10"])
    given = parser.parse_args()
    ways = {"local": local, "shell loop": shell_loop, "Hydra basic": hydra_basic}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    beside, alone = [], []
    for _ in range(given.repeat):
        for name, way in ways.items():
            taken, records, rate = timed(way, given.words)
            seconds[name].append(taken)
            rates[name].append(rate)
            if name == "local":
                beside += [record["seconds"]["total"] - record["seconds"]["train"] for record in records]
            if name == "shell loop":
                training = sum(record["seconds"]["train"] for record in records)
                alone.append((taken - training) / len(records))
    print(f"12 runs of {' '.join(given.words)}; median of {given.repeat}")
    for name, times in seconds.items():
        ratio = statistics.median(times) / statistics.median(seconds["local"])
        rate, listed = statistics.median(rates[name]), ", ".join(f"{time:.1f}" for time in times)
        print(f"{name:12} {statistics.median(times):7.1f} s   {ratio:4.2f} x   {rate:5.0f} GFLOP/s   ({listed})")
    print(f"beside training, a run with local: {statistics.median(beside):.3f} s (largest {max(beside):.3f})")
    print(f"beside training, a process of its own: {statistics.median(alone):.2f} s")


if __name__ == "__main__":
    main()
