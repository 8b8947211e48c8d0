"""How long the analysis takes: `collect` of 10,000 run folders, `ablate report` of a study of 1,000 runs.

    python benchmarks/report.py [--folders 10000] [--runs 1000]

The folders are those of a study as `ablate train` leaves it, with drawn figures in place of trained ones.
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


def make(folder: Path, runs: int, whole: bool) -> None:
    """A factorial study of so many runs; `whole` runs also have curves and predictions."""
    rng = np.random.default_rng(0)
    sizes = (4, 5, max(1, runs // (20 * SEEDS)))
    factors = {name: [f"{name}{i}" for i in range(size)] for name, size in zip("abc", sizes, strict=True)}
    labels = rng.integers(0, CLASSES, IMAGES)
    planned = []
    for place, levels in enumerate(itertools.product(*factors.values())):
        chosen = dict(zip(factors, levels, strict=True))
        changed = "+".join(f"{name}={level}" for name, level in chosen.items() if level != factors[name][0])
        centre = rng.uniform(0.5, 0.9)
        for seed in range(SEEDS):
            run = {
                "variant": changed or "baseline",
                "factors": chosen,
                "seed": seed,
                "config_sha256": f"{place} {seed}",
            }
            run["folder"] = f"{run['variant']}/seed={seed}"
            planned.append(run)
            write_run(folder / run["folder"], run, float(centre + rng.normal(0, 0.01)), labels, rng, whole)
    plan = {"schema": 1, "name": folder.name, "design": "factorial", "factors": factors, "margin": 1.0,
            "baseline": {name: levels[0] for name, levels in factors.items()}, "seeds": list(range(SEEDS)),
            "command": "ablate train -m", "runs": planned}  # fmt: skip
    atomic.write_json(folder / "study.json", plan)


def write_run(folder: Path, run: dict, accuracy: float, labels: np.ndarray, rng: np.random.Generator, whole: bool):
    folder.mkdir(parents=True)
    metrics = {"val_accuracy": accuracy, "val_loss": 1 - accuracy, "train_accuracy": 0.9, "train_loss": 0.3}
    written = {"schema": 1, "status": "completed", **run, "code_sha256": "c0de", "git": None, "metrics": metrics,
               "epochs": {"planned": EPOCHS, "done": EPOCHS}, "seconds": {"total": 10.0 + rng.random()},
               "parameters": 500_000, "macs": 10_000_000, "classes": [f"class{c}" for c in range(CLASSES)],
               "rerun": "ablate train"}  # fmt: skip
    atomic.write_bytes(folder / "run.json", json.dumps(written).encode(), durable=False)
    if not whole:
        return
    rows = [f"{e},{e},0.1,{1 / e},0.5,{1.2 / e + 1 - accuracy},{accuracy},1.0,1000" for e in range(1, EPOCHS + 1)]
    (folder / "metrics.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    logits = rng.normal(size=(IMAGES, CLASSES)).astype(np.float16)
    logits[np.arange(IMAGES), labels] += np.where(rng.random(IMAGES) < accuracy, 10, -10)
    np.savez_compressed(content := io.BytesIO(), index=np.arange(IMAGES), label=labels, logits=logits)
    (folder / "val_predictions.npz").write_bytes(content.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folders", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1000)
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        many, study = Path(place) / "many", Path(place) / "study"
        make(many, given.folders, whole=False)
        started = time.perf_counter()
        found = collect.collect(many)
        seconds = time.perf_counter() - started
        print(f"collect, {len(found)} run folders: {seconds:.1f} s (goal 5)")
        make(study, given.runs, whole=True)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ablate.cli", "report", study], check=True, stdout=subprocess.DEVNULL)
        print(f"report, {given.runs} runs: {time.perf_counter() - started:.1f} s (goal 30)")


if __name__ == "__main__":
    main()
