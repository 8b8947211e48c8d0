"""Time the analysis: `collect` on 10,000 run folders, and `ablate report` on a study of 1,000 runs.

    python benchmarks/report.py [--folders 10000] [--runs 1000]

The folders have the files that `ablate train` writes, with random numbers in place of results.
"""

import argparse
import io
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ablate.analysis import collect
from ablate.files import atomic

SEEDS, EPOCHS, IMAGES, CLASSES = 5, 20, 5000, 10
COLUMNS = "epoch,step,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,seconds,images_per_second"


def write_study(folder: Path, runs: int, complete: bool) -> None:
    """Write a factorial study with at least `runs` runs; `complete` adds curves and predictions."""
    rng = np.random.default_rng(0)
    sizes = (4, 5, max(1, runs // (20 * SEEDS)))
    factors = {name: [f"{name}{i}" for i in range(size)] for name, size in zip("abc", sizes, strict=True)}
    labels = rng.integers(0, CLASSES, IMAGES)
    planned = []
    for number, levels in enumerate(itertools.product(*factors.values())):
        level_of = dict(zip(factors, levels, strict=True))
        changed = "+".join(f"{name}={level}" for name, level in level_of.items() if level != factors[name][0])
        mean = rng.uniform(0.5, 0.9)
        for seed in range(SEEDS):
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
            "baseline": {name: levels[0] for name, levels in factors.items()}, "seeds": list(range(SEEDS)),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folders", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1000)
    args = parser.parse_args()
    with TemporaryDirectory() as scratch:
        many, study = Path(scratch) / "many", Path(scratch) / "study"
        write_study(many, args.folders, complete=False)
        start = time.perf_counter()
        runs = collect.collect(many)
        seconds = time.perf_counter() - start
        print(f"collect, {len(runs)} run folders: {seconds:.1f} s (target: 5 s)")
        write_study(study, args.runs, complete=True)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ablate.cli", "report", study], check=True, stdout=subprocess.DEVNULL)
        print(f"report, {args.runs} runs: {time.perf_counter() - start:.1f} s (target: 30 s)")


if __name__ == "__main__":
    main()
