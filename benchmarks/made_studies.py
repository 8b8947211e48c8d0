"""Write studies of any size without training: a factorial plan, and runs with random results or copied files."""

import io
import itertools
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from ablate.files import atomic
from ablate.runs import json_file, run_record, study_plan
from ablate.runs.epochs import COLUMNS
from ablate.runs.metric import ACCURACY
from ablate.runs.record_parts import EpochCount, Seconds
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan

SEEDS, EPOCHS, IMAGES, CLASSES = 5, 20, 5000, 10


class Made(NamedTuple):
    """How the folder of a run is made.

    Attributes:
        record: of each run, with another place in the study, hashes and accuracy.
        files: returns the other files of a run with this accuracy, {path: content}.
    """

    record: RunRecord
    files: Callable[[float], dict[Path, bytes]]


def random_results(complete: bool) -> Made:
    """Runs with random results; `complete` adds learning curves, and predictions for 5,000 images."""
    rng = np.random.default_rng(0)
    record = RunRecord(
        status="completed",
        code_sha256="c0de",
        metrics={"val_accuracy": 0.0, "val_loss": 0.5, "train_accuracy": 0.9, "train_loss": 0.3},
        epochs=EpochCount(planned=EPOCHS, done=EPOCHS),
        seconds=Seconds(total=10.0),
        parameters=500_000,
        macs=10_000_000,
        classes=[f"class{c}" for c in range(CLASSES)],
        rerun="ablate train",
    )
    labels = rng.integers(0, CLASSES, IMAGES)

    def files(accuracy: float) -> dict[Path, bytes]:
        rows = [
            (e, e, 0.1, 1 / e, 0.5, 1.2 / e + 1 - accuracy, accuracy, 1.0, 1000, 1 / e) for e in range(1, EPOCHS + 1)
        ]
        lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
        logits = rng.normal(size=(IMAGES, CLASSES)).astype(np.float16)
        logits[np.arange(IMAGES), labels] += np.where(rng.random(IMAGES) < accuracy, 10, -10)
        np.savez_compressed(archive := io.BytesIO(), index=np.arange(IMAGES), label=labels, logits=logits)
        content = {"metrics.csv": "\n".join([*lines, ""]).encode(), "val_predictions.npz": archive.getvalue()}
        return {Path(name): value for name, value in content.items()}

    return Made(record, files if complete else lambda accuracy: {})


def copies(trained: Path) -> Made:
    """Copies of a trained run, given by its folder."""
    contents = {path.relative_to(trained): path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    del contents[Path(run_record.FILE)]
    return Made(run_record.read(trained), lambda accuracy: contents)


def write_study(study: Path, count: int, made: Made, seeds: int = SEEDS) -> None:
    """Write a factorial study of three factors with about `count` runs."""
    rng = np.random.default_rng(0)
    runs = list(planned(count, seeds))
    mean = {run.variant: rng.uniform(0.5, 0.9) for run in runs}
    for run in runs:
        folder = study / run.folder
        accuracy = float(mean[run.variant] + rng.normal(0, 0.01))
        for name, content in made.files(accuracy).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        folder.with_name(f".{folder.name}.lock").touch()
        same = ("variant", "factors", "seed", "config_sha256", "settings_sha256")
        changes = {name: getattr(run, name) for name in same} | {"study": study.name}
        changes["metrics"] = {**(made.record.metrics or {}), "val_accuracy": accuracy}
        content = run_record.as_dict(msgspec.structs.replace(made.record, **changes))
        text = msgspec.json.format(msgspec.json.encode(content), indent=2)
        atomic.write_bytes(folder / run_record.FILE, text, durable=False)
    plan = StudyPlan(
        name=study.name,
        design="factorial",
        metric=msgspec.structs.replace(ACCURACY, margin=1.0),
        baseline=runs[0].factors,
        factors={name: list(dict.fromkeys(run.factors[name] for run in runs)) for name in runs[0].factors},
        seeds=list(range(seeds)),
        command="ablate train -m",
        runs=runs,
    )
    json_file.write(study / study_plan.FILE, plan)


def planned(count: int, seeds: int) -> Iterator[PlannedRun]:
    """Runs of a factorial study of three factors, whose levels are 0.01, 0.02, ..."""
    sizes = {"optimizer.lr": 4, "model.dropout": 5, "optimizer.weight_decay": -(-count // (20 * seeds))}
    levels = [[f"{level / 100:g}" for level in range(1, size + 1)] for size in sizes.values()]
    for combination in itertools.product(*levels):
        changed = [f"{name}={level}" for name, level in zip(sizes, combination, strict=True) if level != "0.01"]
        variant = "+".join(changed) or BASELINE
        for seed in range(seeds):
            yield PlannedRun(
                variant=variant,
                factors=dict(zip(sizes, combination, strict=True)),
                seed=seed,
                folder=f"{variant}/seed={seed}",
                config_sha256=sha256(f"{variant} {seed}".encode()).hexdigest(),
                settings_sha256=sha256(variant.encode()).hexdigest(),
            )
