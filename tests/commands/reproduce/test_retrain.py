"""A retrained run: identical where nothing has changed, and the first cause where something has."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from ablate.commands.reproduce import comparison
from ablate.commands.reproduce.retrain import environment
from ablate.files import atomic
from ablate.runs.record_parts import Environment
from ablate.runs.run_record import RunRecord
from tests.processes import ROOT, SMALL, ablate, alone


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A study of one variant and two seeds, and a single run."""
    folder = tmp_path_factory.mktemp("reproduce")
    words = ["study.name=s", "study.secondary=[val_macro_f1]", "model=mlp", "model.hidden=[8]", "seed=0,1"]
    trained = ablate(folder, "train", "-m", *words, *SMALL[:-1])
    assert trained.returncode == 0, trained.stderr
    assert ablate(folder, "train", "model=mlp", "hydra.run.dir=one", *SMALL).returncode == 0
    return folder


@pytest.fixture
def run(study, tmp_path) -> Path:
    """A copy of the study's first run, to change something in, in a study of its own."""
    return shutil.copytree(study / "outputs/s", tmp_path / "s") / "baseline/seed=0"


def change(run: Path, **values: object) -> None:
    atomic.write_json(run / "run.json", {**json.loads((run / "run.json").read_text()), **values})


@pytest.mark.parametrize("place", ["outputs/s/baseline/seed=0", pytest.param("one", marks=pytest.mark.integration)])
def test_an_unchanged_run_is_identical(study, place):
    again = alone(study, "reproduce", place)
    assert again.returncode == 0, again.stderr
    assert comparison.IDENTICAL in again.stdout
    fresh = Path(again.stdout.splitlines()[0].split(" retrained in ")[1].rstrip("."))
    assert (study / fresh / "model.pt").read_bytes() == (study / place / "model.pt").read_bytes()
    assert (study / fresh / "val_predictions.npz").read_bytes() == (study / place / "val_predictions.npz").read_bytes()


def test_another_result_has_a_verdict_and_a_cause(run):
    record = json.loads((run / "run.json").read_text())
    weights = torch.load(run / "model.pt", weights_only=True)
    torch.save({name: value + 1 for name, value in weights.items()}, run / "model.pt")
    environment = {**record["environment"], "torch": "1.0.0", "cpu": "Z80"}
    change(run, environment=environment, metrics={**record["metrics"], "val_accuracy": 1.0})
    again = ablate(run.parents[2], "reproduce", str(run))
    assert again.returncode == 1
    assert "Different: validation accuracy 100.00 % then" in again.stdout
    assert "standard deviation over the 2 seeds" in again.stdout and "model.pt" in again.stdout
    assert "First cause found: packages. torch: 1.0.0 then" in again.stdout and "Z80" not in again.stdout


def test_the_tolerance_is_the_spread_of_the_seeds(run):
    other = run.parent / "seed=1"
    for folder, accuracy in ((run, 0.5), (other, 0.54)):
        change(folder, metrics={"val_accuracy": accuracy})
    limit, source = comparison.tolerance(run)
    assert limit == pytest.approx(0.04 / 2**0.5) and "2 seeds" in source  # the sd of two numbers
    change(other, status="failed")
    assert comparison.tolerance(run) == (0.01, "study.margin of its configuration")


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.integration
def test_the_code_of_a_commit_is_run_again_and_the_changed_file_named(tmp_path):
    """In a repository of its own, whose code is changed after the run so that it trains otherwise."""
    code, runs = tmp_path / "code", tmp_path / "runs"
    runs.mkdir()
    for name in ("ablate", "conf", "hydra_plugins"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(code, "init", "-q")
    git(code, "add", ".")
    git(code, "commit", "-qm", "first")
    words = ("train", "model=mlp", "hydra.run.dir=one", *SMALL)
    trained = alone(runs, *words, root=code)
    assert trained.returncode == 0, trained.stderr
    changed = code / "ablate/backend/seeding.py"
    changed.write_text(changed.read_text().replace(">> 1", ">> 2"))
    now = alone(runs, "reproduce", "one", root=code)
    assert "First cause found: code." in now.stdout and "ablate/backend/seeding.py" in now.stdout
    then = alone(runs, "reproduce", "one", "--from-commit", root=code)
    assert then.returncode == 0 and comparison.IDENTICAL in then.stdout, then.stderr
    assert len(git(code, "worktree", "list").splitlines()) == 1 and "seeding" in git(code, "status", "--porcelain")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"status": "failed"}, "only completed and diverged runs"),
        ({"rerun": None}, "so the run cannot be reproduced"),
        ({"rerun": "rm -rf ."}, "so the run cannot be reproduced"),
        ({"rerun": "ablate train 'unclosed"}, "so the run cannot be reproduced"),
        ({"rerun": "ablate train data=digits model._target_=torch.os.getcwd"}, "torch.os.getcwd"),
        ({"rerun": "ablate train data=digits hydra.run.dir=elsewhere"}, "hydra.run.dir"),
        ({"rerun": "ablate train data=digits ++hydra.callbacks.a._target_=os.getcwd"}, "hydra.callbacks"),
        ({"rerun": "ablate train --multirun data=digits"}, "--multirun"),
        ({"rerun": "ablate train data=digits data.root=${oc.env:HOME}"}, "oc.env"),
        ({"rerun": "ablate train data=image_folder data.root=${oc.env:HOME}"}, "oc.env"),
        ({"rerun": "ablate train data=digits data.root=here"}, "no such key"),
    ],
    ids=str,
)
def test_what_cannot_be_retrained_is_refused_in_a_sentence(run, changed, message):
    change(run, **changed)
    refused = ablate(run.parents[2], "reproduce", str(run))
    assert refused.returncode == 2 and message in refused.stderr and "Traceback" not in refused.stderr, refused.stderr
    assert not (run.parents[2] / "outputs").exists()


@pytest.mark.parametrize(
    ("git", "message"),
    [
        (None, "no commit is known"),
        ({"commit": "0" * 40, "dirty": False}, "not part of the history"),
        ({"commit": "--output=x", "dirty": False}, "is not a commit"),
        ({"commit": "0" * 40, "dirty": True}, "--trust"),
    ],
)
def test_a_commit_that_cannot_be_had_is_refused(run, git, message):
    change(run, git=git)
    refused = ablate(run.parents[2], "reproduce", str(run), "--from-commit")
    assert refused.returncode == 2 and message in refused.stderr and "Traceback" not in refused.stderr, refused.stderr


def test_a_commit_that_the_checkout_has_outside_its_history_needs_trust(run, tmp_path):
    """Such as a fetched pull request: its code is that of somebody else."""
    code, runs = tmp_path / "code", run.parents[2]
    for name in ("ablate", "conf", "hydra_plugins"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(code, "init", "-q")
    git(code, "add", ".")
    git(code, "commit", "-qm", "first")
    ours = git(code, "rev-parse", "HEAD")
    (code / "ablate/cli.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    git(code, "commit", "-qam", "theirs")
    theirs = git(code, "rev-parse", "HEAD")
    git(code, "checkout", "-q", "--detach", ours)
    change(run, git={"commit": theirs, "dirty": False})
    refused = alone(runs, "reproduce", str(run), "--from-commit", root=code)
    assert refused.returncode == 2 and "not part of the history" in refused.stderr, refused.stderr
    assert not (tmp_path / "ran").exists() and not (runs / "outputs").exists()
    trusted = alone(runs, "reproduce", str(run), "--from-commit", "--trust", root=code)
    assert (tmp_path / "ran").exists() and trusted.returncode == 2, (
        trusted.stderr
    )  # their code ran, and trained nothing


EVIL = {
    "callbacks": "callbacks: {a: {_target_: ablate.files.atomic.write_text, path: PLACE, text: x}}",
    "job_logging": "job_logging: {handlers: {console: {(): os.mkdir, path: PLACE}}}",
    "job": "job: {name: ../../elsewhere}",
}


@pytest.mark.parametrize("part", EVIL)
def test_options_that_a_run_brings_do_not_tell_hydra_what_to_call(run, part):
    for name in ("harmless", "brought"):
        (run / name / "experiment").mkdir(parents=True)
        (run / name / "experiment/it.yaml").write_text("# @package _global_\nseed: 1\n")
    text = f"# @package _global_\nhydra:\n  {EVIL[part]}\n".replace("PLACE", str(run / "ran"))
    (run / "brought/experiment/it.yaml").write_text(text)
    folders = f"--config-dir {run}/harmless --config-dir {run}/brought"  # of two, Hydra takes the last
    change(run, rerun=f"ablate train {folders} data=digits model=mlp experiment=it")
    refused = ablate(run.parents[2], "reproduce", str(run))
    assert refused.returncode == 2 and f"sets hydra.{part}" in refused.stderr, refused.stderr
    assert not (run / "ran").exists() and not (run.parents[2] / "outputs").exists()


def test_a_run_of_a_study_file_and_options_of_its_own_is_trained_alone(run):
    (run / "mine/study").mkdir(parents=True)
    (run / "mine/study/few.yaml").write_text(
        "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}}}\n"
    )
    change(run, rerun=f"ablate train --config-dir {run}/mine study=few model=mlp model.hidden=[8] seed=0 "
           + " ".join(SMALL[:-1]))  # fmt: skip
    again = ablate(run.parents[2], "reproduce", str(run))
    assert again.returncode == 0 and comparison.IDENTICAL in again.stdout, again.stderr


@pytest.mark.parametrize(("threads", "used"), [(None, "1"), (10**9, "1"), (2, "2")])
def test_only_so_many_threads_as_a_system_has_are_asked_for(monkeypatch, threads, used):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    record = RunRecord(status="completed", environment=Environment(threads=threads))
    assert environment(ROOT, record)["OMP_NUM_THREADS"] == used
