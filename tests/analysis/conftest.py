"""Study folders as `ablate train` writes them, with given results."""

import json
from pathlib import Path

import pytest

from ablate.analysis import collect
from ablate.analysis.effects import effects as compare

COLUMNS = "epoch,step,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,seconds,images_per_second"
COLUMNS += ",train_cross_entropy"


def losses(accuracy, epochs, blow_up=False):
    """Rows of metrics.csv: losses that decrease toward 1 - accuracy. With `blow_up`, the last is infinite or NaN."""
    rows = []
    for epoch in range(1, epochs + 1):
        loss = (1 - accuracy) + 1.5 * 0.6**epoch
        train, val = (float("inf"), float("nan")) if blow_up and epoch == epochs else (0.8 * loss, loss)
        rows.append([epoch, 10 * epoch, 0.1, train, 0.5, val, 0.5, 1.5, 1000.0, train])
    return rows


@pytest.fixture
def make_study(tmp_path):
    """See `maker`."""
    return maker(tmp_path)


@pytest.fixture(scope="module")
def make_shared_study(tmp_path_factory):
    """See `maker`; for studies that the tests of a file share."""
    return maker(tmp_path_factory.mktemp("shared"))


def maker(parent: Path):
    """make_study({variant: {seed: accuracy | status | None}}, factors={factor: levels}) -> folder of the study.

    A number is the accuracy of a completed run, a string the status of another run, and None a planned run without a
    folder. Variants have the names of the planner: `baseline`, `factor=level`, `factor=level+factor=level`.
    `classes` and the keys of `record` go into each run's record, other `settings` (margin, ...) into the plan.
    """

    def make(results, factors, epochs=4, name="study", code=lambda variant, seed: "c0de" * 16, classes=None,
             record=None, **settings) -> Path:  # fmt: skip
        folder = parent / name
        folder.mkdir()
        baseline = {factor: levels[0] for factor, levels in factors.items()}
        planned = []
        for variant, seeds in results.items():
            changes = {} if variant == "baseline" else dict(change.split("=", 1) for change in variant.split("+"))
            for seed, result in seeds.items():
                run = {"variant": variant, "factors": baseline | changes, "seed": seed}
                run |= {"folder": f"{variant.replace('/', '-')}/seed={seed}", "config_sha256": f"{variant} {seed}"}
                planned.append(run)
                if result is not None:
                    write_run(folder, run, result, epochs, code(variant, seed), classes, **(record or {}))
        seeds = sorted({run["seed"] for run in planned})
        plan = {"schema": 1, "name": name, "design": "one_at_a_time", "baseline": baseline, "factors": factors}
        plan |= {"seeds": seeds, "command": "ablate train -m", "runs": planned, **settings}
        (folder / "study.json").write_text(json.dumps(plan))
        return folder

    return make


def write_run(study, run, result, epochs, code, classes=None, **further):
    """Write the folder of one run: run.json and metrics.csv."""
    folder = study / run["folder"]
    folder.mkdir(parents=True)
    status = result if isinstance(result, str) else "completed"
    accuracy = result if status == "completed" else None
    metrics = {"val_accuracy": accuracy, "val_loss": 0.5, "train_accuracy": 0.99, "train_loss": 0.1}
    record = {"schema": 1, "status": status, **{key: run[key] for key in ("variant", "factors", "seed")}}
    record |= {"config_sha256": run["config_sha256"], "code_sha256": code, "git": None, "rerun": "ablate train"}
    record |= further
    if classes:
        record["classes"] = [str(number) for number in range(classes)]
    if status in ("completed", "diverged"):
        record |= {"metrics": metrics, "epochs": {"planned": epochs, "done": epochs}, "parameters": 1000, "macs": 5000}
        record |= {"seconds": {"setup": 1.0, "train": 6.0, "write": 0.5, "total": 7.5}, "error": None}
    elif status == "failed":
        record["error"] = "Traceback\nRuntimeError: out of memory"
    (folder / "run.json").write_text(json.dumps(record))
    rows = losses(accuracy or 0.5, epochs, blow_up=status == "diverged")
    text = "\r\n".join([COLUMNS, *(",".join(map(str, row)) for row in rows)]) + "\r\n"
    (folder / "metrics.csv").write_text(text, newline="")


@pytest.fixture
def runs(make_study):
    """b differs by 1, 2 and 3 points, c by -10. d shares only seed 2, f no seed. No run of e is completed."""
    results = {
        "model=b": {0: 0.51, 1: 0.62, 2: 0.73},
        "baseline": {0: 0.5, 1: 0.6, 2: 0.7},
        "model=c": {0: 0.4, 1: 0.5, 2: 0.6},
        "model=d": {2: 0.8, 3: 0.9, 4: 0.1},
        "model=e": {0: "diverged", 1: None, 2: "diverged"},
        "model=f": {7: 0.5, 8: 0.7},
    }
    return collect.collect(make_study(results, {"model": ["a", "b", "c", "d", "e", "f"]}))


@pytest.fixture
def effects(runs):
    return compare(runs)
