"""The verbs other than `train` on a finished study; help and completion."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.processes import ENVIRONMENT, SMALL, ablate, record


def test_the_report_of_a_study_from_any_folder(grid, tmp_path):
    ended = ablate(tmp_path, "report", str(grid / "outputs/grid"))
    assert ended.returncode == 0, ended.stderr
    report = grid / "outputs/grid/report"
    effects, runs = pd.read_csv(report / "effects.csv"), pd.read_csv(report / "runs.csv")
    assert len(runs) == 12 and list(effects["n"]) == [3, 3, 3, 3] and effects["variant"][0] == "baseline"
    for row in effects.itertuples():
        accuracies = [
            record(grid / f"outputs/grid/{row.variant}/seed={s}")["metrics"]["val_accuracy"] for s in range(3)
        ]
        assert row.mean == pytest.approx(sum(accuracies) / 3)
    for name in ("effects.csv", "effects.md", "effects.tex"):
        assert (report / "tables" / name).stat().st_size > 0
    for form in ("pdf", "svg", "png"):
        assert (report / "figures" / f"effects.{form}").stat().st_size > 1000


def test_a_plan_shows_what_is_done_and_starts_nothing(grid):
    before = sorted(grid.rglob("*"))
    words = ["study.name=grid", *SMALL, "model=mlp,cnn,vgg", "normalization=none,batch", "seed=0,1,2", "--extend"]
    ended = ablate(grid, "plan", *words)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert ["model=vgg", "3"] in rows and ["baseline", "3"] in rows and ["all", "12", "6"] in rows
    assert "18 runs of 6 variants: 6 to do, about" in ended.stdout
    assert ablate(grid, "plan", *words[:-1]).returncode == 2  # like the study itself
    assert sorted(grid.rglob("*")) == before
    assert "12 runs of 4 variants: all done." in ablate(grid, "status", "grid").stdout


def test_a_plan_prints_the_detectable_difference(tmp_path):
    words = [*SMALL, "study.name=s", "model=mlp,cnn", "seed=range(0,5)"]
    ended = ablate(tmp_path, "plan", "--power", *words)
    assert ended.returncode == 0, ended.stderr
    assert "at least 1.68 standard deviations" in ended.stdout.splitlines()[-1]


def test_a_plan_estimates_the_time_by_probing(tmp_path):
    words = [*SMALL, "data.train_limit=null", "study.name=s", "model=mlp,cnn"]
    assert "2 to do, about" not in ablate(tmp_path, "plan", *words).stdout
    ended = ablate(tmp_path, "plan", "--probe", *words, "trainer.epochs=1000000")
    assert ended.returncode == 0, ended.stderr
    # Two million epochs of 11 steps: between 1 ms and 1 s a step.
    hours = float(re.search(r"2 to do, about ([\d.]+) h in sequence", ended.stdout)[1])
    assert 22e6 / 3600 / 1000 < hours < 22e6 / 3600
    assert not list(tmp_path.iterdir())


def test_the_test_verb_evaluates_on_the_test_set(grid, tmp_path):
    folder = grid / "outputs/grid/model=cnn+normalization=batch/seed=0"
    ended = ablate(tmp_path, "test", str(folder))
    assert ended.returncode == 0, ended.stderr
    result = json.loads((folder / "test.json").read_text())
    assert f"{100 * result['accuracy']:.1f} %" in ended.stdout and len(result["per_class_accuracy"]) == 10
    total = sum(map(sum, result["confusion"]))
    assert total == result["images"]
    assert sum(result["confusion"][i][i] for i in range(10)) / total == pytest.approx(result["accuracy"])


@pytest.mark.parametrize("name", ["model.pt", "run.json", ".hydra/config.yaml"])
def test_a_damaged_run_is_refused(grid, tmp_path, name):
    folder = tmp_path / "damaged"
    shutil.copytree(grid / "outputs/grid/baseline/seed=0", folder)
    (folder / name).write_text("{junk")
    ended = ablate(tmp_path, "test", "damaged")
    assert ended.returncode == 2 and f"damaged/{name}" in ended.stderr and "Traceback" not in ended.stderr
    assert not (folder / "test.json").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], ["ablate train", "ablate report", "ablate test"]),
        (
            ["train", "--help"],
            ["== Groups ==", "model: alexnet, cnn", "optimizer: adam, adamw, muon", "ablate train -m"],
        ),
        (["train", "--cfg", "job"], ["_target_: ablate.model.cnn.CNN", "lr: 0.01"]),
        (["train", "--info", "defaults"], ["data/cifar10", "optimizer/sgd"]),
        (["report", "--help"], ["SOURCE", "--allow-partial", "--metric"]),
        (["plan", "--help"], ["ablate plan"]),
        (["data", "--help"], ["ablate data [GROUP=OPTION]", "hydra.run.dir"]),
        (["status", "--help"], ["STUDY"]),
        (["watch", "--help"], ["STUDY", "--every", "--once"]),
        (["test", "--help"], ["RUN"]),
        (["predict", "--help"], ["RUN IMAGE", "--tta", "Exit status:"]),
        (["export", "--help"], ["onnx,pt2,safetensors", "uint8", "--force"]),
        (["completion", "--help"], ["bashrc"]),
    ],
)
def test_help(words, expected, tmp_path):
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    assert all(text in ended.stdout for text in expected)
    assert not list(tmp_path.iterdir())


def test_a_closed_pipe_is_not_an_error(tmp_path):
    command = f"{sys.executable} -m ablate.cli train --help | head -n 1"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    assert ended.stdout.startswith("ablate train") and ended.stderr == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [("ablate tr", "train"), ("ablate train mod", "model="), ("ablate train model=res", "model=resnet"),
     ("ablate data augmentation=flip_", "augmentation=flip_crop"),
     ("ablate train optimizer.mo", "optimizer.momentum="), ("ablate train model=cnn trainer.ep", "trainer.epochs=")],
)  # fmt: skip
def test_tab_completes_in_bash(line, expected, tmp_path):
    assert expected in completed(line, tmp_path).split()


def test_completion_runs_no_command_in_the_name_of_an_option(tmp_path):
    (tmp_path / "c/model").mkdir(parents=True)
    for name in ("net7", "net$(touch${IFS}ran)", "net`touch${IFS}ran`", "net;touch${IFS}ran"):
        (tmp_path / f"c/model/{name}.yaml").write_text("_target_: ablate.model.mlp.MLP\n")
    line = f"ablate train hydra.searchpath=[file://{tmp_path}/c] model=net"
    assert completed(line, tmp_path).split() == ["model=net7"]
    assert not (tmp_path / "ran").exists()


def completed(line: str, folder: Path) -> str:
    """What bash completes a command line to, in a folder."""
    (folder / "ablate").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ablate.cli "$@"\n')
    (folder / "ablate").chmod(0o755)
    script = f"""
        eval "$(ablate completion bash)"
        COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _ablate; echo "${{COMPREPLY[@]}}"
    """
    environment = {**ENVIRONMENT, "PATH": f"{folder}:{os.environ['PATH']}"}
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, cwd=folder)
    return ended.stdout
