"""Measure what large studies cost besides training: plans, `ablate status`, `collect` and reports, each with its goal.

    python benchmarks/studies.py [--repeat 1] [--only plan status ...]

The study folders have the files that `ablate train` writes, with random numbers in place of results; they are made in a
temporary folder. Prints the median wall time of each command, its CPU time (with that of its child processes), and the
peak memory of its largest process. On a busy machine, only CPU time and memory can be compared.
"""

import argparse
import io
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from ablate.files import atomic

ABLATE = [sys.executable, "-m", "ablate.cli"]
COLLECT = (
    "import sys; from pathlib import Path; from ablate.analysis.collect import collect; collect(Path(sys.argv[1]))"
)
SEEDS, EPOCHS, IMAGES, CLASSES = 5, 20, 5000, 10
COLUMNS = "epoch,step,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,seconds,images_per_second"


def write_study(folder: Path, runs: int, complete: bool, seeds: int = SEEDS) -> None:
    """Write a factorial study with at least `runs` runs; `complete` adds curves and predictions."""
    rng = np.random.default_rng(0)
    sizes = (4, 5, max(1, runs // (20 * seeds)))
    factors = {name: [f"{name}{i}" for i in range(size)] for name, size in zip("abc", sizes, strict=True)}
    labels = rng.integers(0, CLASSES, IMAGES)
    planned = []
    for number, levels in enumerate(itertools.product(*factors.values())):
        level_of = dict(zip(factors, levels, strict=True))
        changed = "+".join(f"{name}={level}" for name, level in level_of.items() if level != factors[name][0])
        mean = rng.uniform(0.5, 0.9)
        for seed in range(seeds):
            run = {
                "variant": changed or "baseline",
                "factors": level_of,
                "seed": seed,
                "config_sha256": f"{number} {seed}",
            }
            path = f"{run['variant']}/seed={seed}"
            planned.append({**run, "folder": path})
            accuracy = float(mean + rng.normal(0, 0.01))
            write_run(folder / path, run, accuracy, labels, rng, complete)
    plan = {"schema": 1, "name": folder.name, "design": "factorial", "factors": factors, "margin": 1.0,
            "baseline": {name: levels[0] for name, levels in factors.items()}, "seeds": list(range(seeds)),
            "command": "ablate train -m", "runs": planned}  # fmt: skip
    atomic.write_json(folder / "study.json", plan)


def write_run(folder: Path, run: dict, accuracy: float, labels: np.ndarray, rng: np.random.Generator, complete: bool):
    """Write the folder of one run."""
    folder.mkdir(parents=True)
    metrics = {"val_accuracy": accuracy, "val_loss": 1 - accuracy, "train_accuracy": 0.9, "train_loss": 0.3}
    content = {"schema": 1, "status": "completed", **run, "code_sha256": "c0de", "git": None, "metrics": metrics,
               "epochs": {"planned": EPOCHS, "done": EPOCHS}, "seconds": {"total": 10.0 + rng.random()},
               "parameters": 500_000, "macs": 10_000_000, "classes": [f"class{c}" for c in range(CLASSES)],
               "rerun": "ablate train"}  # fmt: skip
    atomic.write_bytes(folder / "run.json", json.dumps(content).encode(), durable=False)
    if not complete:
        return
    rows = [f"{e},{e},0.1,{1 / e},0.5,{1.2 / e + 1 - accuracy},{accuracy},1.0,1000" for e in range(1, EPOCHS + 1)]
    (folder / "metrics.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    logits = rng.normal(size=(IMAGES, CLASSES)).astype(np.float16)
    logits[np.arange(IMAGES), labels] += np.where(rng.random(IMAGES) < accuracy, 10, -10)
    np.savez_compressed(archive := io.BytesIO(), index=np.arange(IMAGES), label=labels, logits=logits)
    (folder / "val_predictions.npz").write_bytes(archive.getvalue())


class Measured(NamedTuple):
    """A command, and the largest wall time and memory that are its goal.

    Attributes:
        study: runs, whether they have curves and predictions, and seeds of the study that is written for it, if any.
        words: the command; a study is its last word.
        seconds: goal.
        megabytes: goal; None: none.
    """

    study: tuple[int, bool, int] | None
    words: list[str]
    seconds: float
    megabytes: float | None = None


def plan_words(variants: int, seeds: int) -> list[str]:
    """Plan so many variants with so many seeds."""
    rates = ",".join(f"{0.001 * (i + 1):.3f}" for i in range(variants))
    return [
        *ABLATE,
        "plan",
        "study.name=s",
        "data=digits",
        "model=mlp",
        f"optimizer.lr={rates}",
        f"seed=range({seeds})",
    ]


MEASURED = {
    "plan, 2,000 variants, 1 seed": Measured(None, plan_words(2000, 1), 8),
    "plan, 200 variants, 10 seeds": Measured(None, plan_words(200, 10), 8),
    "status, 2,000 runs": Measured((2000, True, 5), [*ABLATE, "status"], 1),
    "report, 2,000 runs": Measured((2000, True, 5), [*ABLATE, "report"], 25, 500),
    "collect, 10,000 runs": Measured((10_000, False, 5), [sys.executable, "-c", COLLECT], 5),
    "report, 20,000 variants, 2 seeds": Measured((40_000, False, 2), [*ABLATE, "report"], 60),
}


def cost(words: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command: wall seconds, CPU seconds, and the peak memory of its largest process in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(words)[:200]} failed with status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="rows whose names start so")
    args = parser.parse_args()
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB':>7}   goal", flush=True)
    with TemporaryDirectory() as scratch:
        for name, measured in MEASURED.items():
            if not name.startswith(tuple(args.only)):
                continue
            words = list(measured.words)
            if measured.study is not None:
                runs, complete, seeds = measured.study
                if not (study := Path(scratch, f"{runs}")).exists():
                    write_study(study, runs, complete, seeds)
                words.append(str(study))
            costs = [cost(words, Path(scratch)) for _ in range(args.repeat)]
            seconds, cpu, memory = (statistics.median(values) for values in zip(*costs, strict=True))
            reached = seconds <= measured.seconds and memory <= (measured.megabytes or memory)
            goal = f"{measured.seconds:g} s" + (f", {measured.megabytes:g} MB" if measured.megabytes else "")
            answer = "reached" if reached else "not reached"
            print(f"{name:34}{seconds:8.2f}{cpu:8.2f}{memory:7.0f}   {goal}: {answer}", flush=True)


if __name__ == "__main__":
    main()
