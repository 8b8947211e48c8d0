"""The status table of a study, from run folders with known states."""

import io
import json

from rich.console import Console

from ablate.files.lock import lock
from ablate.runs import study_plan
from ablate.runs.study_plan import StudyPlan
from ablate.study.status import planned_state
from ablate.study.status_table import table


def make(tmp_path, runs) -> StudyPlan:
    """Write a study folder with the runs {(variant, seed): (status, seconds), or None if missing}; return its plan."""
    planned = []
    for (variant, seed), state in runs.items():
        folder = f"{variant}/seed={seed}"
        planned.append(
            {"variant": variant, "factors": {}, "seed": seed, "folder": folder, "config_sha256": f"{variant}{seed}"}
        )
        if state is not None:
            (tmp_path / folder).mkdir(parents=True)
            record = {
                "schema": 1,
                "status": state[0],
                "config_sha256": f"{variant}{seed}",
                "seconds": {"total": state[1]},
                "metrics": {"val_accuracy": 0.5},
            }
            (tmp_path / folder / "run.json").write_text(json.dumps(record))
    seeds = sorted({seed for _, seed in runs})
    study = {"schema": 1, "name": "s", "design": "factorial", "baseline": {}, "factors": {}, "seeds": seeds}
    (tmp_path / "study.json").write_text(json.dumps({**study, "command": "ablate train -m", "runs": planned}))
    return study_plan.read(tmp_path)


RUNS = {
    ("baseline", 0): ("completed", 10.0),
    ("baseline", 1): ("completed", 30.0),
    ("baseline", 2): None,
    ("model=mlp", 0): ("diverged", 4.0),
    ("model=mlp", 1): ("failed", 1.0),
    ("model=vgg", 0): ("running", 1.0),
}


def test_runs_are_counted_by_status(tmp_path):
    study = make(tmp_path, RUNS)
    (tmp_path / "model=mlp/seed=1/run.json").write_text("{")
    console = Console(file=io.StringIO(), width=150)
    (tmp_path / "model=vgg/seed=0/metrics.csv").write_text("epoch,val_accuracy\n1,0.25\n2,0.5\n")
    with lock(tmp_path / "model=vgg/seed=0"):
        console.print(table(tmp_path, study))
    lines = [line.split() for line in console.file.getvalue().splitlines() if line.strip()]
    assert lines[1] == ["variant", "completed", "diverged", "missing", "running", "unreadable"]
    assert lines[3:6] == [["baseline", "2", "1"], ["model=mlp", "1", "1"], ["model=vgg", "1"]]
    assert lines[-3] == ["all", "2", "1", "1", "1", "1"]
    assert lines[-2] == ["model=vgg/seed=0", "epoch", "2,", "validation", "accuracy", "50.0", "%"]
    state = planned_state(tmp_path, study.runs[-1])  # its lock is no longer held
    assert state.status == "interrupted" and state.record.done_epochs == 2
    console.print(table(tmp_path, study))
    assert "model=vgg/seed=0  interrupted after epoch 2, validation accuracy 50.0 %" in console.file.getvalue()
    (tmp_path / "model=vgg/seed=0/metrics.csv").unlink()
    console.print(table(tmp_path, study))
    assert "model=vgg/seed=0  interrupted in its first epoch" in console.file.getvalue()


def test_a_running_run_without_an_epoch_has_started_and_many_seeds_are_a_range(tmp_path):
    study = make(tmp_path, {("baseline", seed): None for seed in range(3, 14)} | {("model=mlp", 0): ("running", 1.0)})
    console = Console(file=io.StringIO(), width=150)
    with lock(tmp_path / "model=mlp/seed=0"):
        console.print(table(tmp_path, study))
    text = console.file.getvalue()
    assert text.startswith("Study s, design factorial, seeds 0 to 13 (12)") and "model=mlp/seed=0  started" in text
    assert "12 runs of 2 variants: time left: unknown until the first epoch is done." in text
