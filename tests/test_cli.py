"""The commands as a user gives them: real processes, from another folder, with what can go wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pexpect
import pytest

from tests.study.processes import heeds_interrupts

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
SMALL = ("data=digits", "data.train_limit=64", "trainer.epochs=1", "trainer.threads=1")


def ablate(folder: Path, *words: str, module: str = "ablate.cli") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, timeout=300)


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def test_one_run_leaves_the_run_folder_of_the_design(tmp_path):
    ended = ablate(tmp_path, "train", *SMALL, "model=cnn", "normalization=batch", "seed=4")
    assert ended.returncode == 0, ended.stderr
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    hydra = {f".hydra/{name}.yaml" for name in ("config", "hydra", "overrides")}
    assert files == {"run.json", "metrics.csv", "val_predictions.npz", "model.pt", "train.log", *hydra}
    run = record(folder)
    assert (run["status"], run["seed"], run["study"], run["variant"]) == ("completed", 4, None, None)
    assert run["rerun"] == "ablate train " + " ".join(SMALL) + " model=cnn normalization=batch seed=4"
    assert set(run["metrics"]) >= {"val_accuracy", "val_loss", "train_accuracy", "train_loss"}
    assert set(run["seconds"]) >= {"setup", "train", "total"}
    # Plain lines where there is no terminal: one an epoch, and no control characters.
    assert len(re.findall(r"^epoch 1/1  train loss", ended.stderr, re.M)) == 1 and "\x1b" not in ended.stderr


def test_the_rerun_command_gives_the_same_weights(tmp_path):
    assert ablate(tmp_path, "train", *SMALL, "augmentation=flip_crop", "model=alexnet").returncode == 0
    (first,) = (tmp_path / "outputs" / "single").iterdir()
    command = record(first)["rerun"].split()[1:]
    (tmp_path / "again").mkdir()
    assert ablate(tmp_path / "again", *command).returncode == 0
    (second,) = (tmp_path / "again" / "outputs" / "single").iterdir()
    assert (first / "model.pt").read_bytes() == (second / "model.pt").read_bytes()


@pytest.fixture(scope="module")
def grid(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    words = ("-m", "study.name=grid", *SMALL, "model=mlp,cnn", "normalization=none,batch", "seed=0,1,2")
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


def test_a_study_runs_every_combination_once(grid):
    study = json.loads((grid / "outputs/grid/study.json").read_text())
    assert study["baseline"] == {"model": "mlp", "normalization": "none"} and study["seeds"] == [0, 1, 2]
    assert len(study["runs"]) == 12
    variants = {"baseline", "model=cnn", "normalization=batch", "model=cnn+normalization=batch"}
    for run in study["runs"]:
        found = record(grid / "outputs/grid" / run["folder"])
        assert run["folder"] == f"{run['variant']}/seed={run['seed']}" and run["variant"] in variants
        assert {name: found[name] for name in run if name != "folder"} == {
            n: v for n, v in run.items() if n != "folder"
        }
        assert found["study"] == "grid" and found["status"] == "completed"


@pytest.mark.parametrize("module", [("ablate.cli", "report"), ("analysis",)])
def test_the_report_of_a_study_from_any_folder(grid, tmp_path, module):
    ended = ablate(tmp_path, *module[1:], str(grid / "outputs/grid"), module=module[0])
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
        assert (report / "figures" / f"loss_curves.{form}").stat().st_size > 1000


def test_the_same_command_again_runs_nothing_and_more_seeds_join(grid, tmp_path):
    grid = shutil.copytree(grid / "outputs", tmp_path / "outputs").parent  # other tests count the runs of the original
    words = ["-m", "study.name=grid", *SMALL, "model=mlp,cnn", "normalization=none,batch"]
    before = {path: path.stat().st_mtime_ns for path in grid.rglob("run.json")}
    again = ablate(grid, "train", *words, "seed=0,1,2")
    assert again.returncode == 0 and "12 runs, 12 of them already done" in again.stderr
    refused = ablate(grid, "train", *words, "seed=2,3")
    assert refused.returncode == 2 and "4 of the runs now planned" in refused.stderr and "--extend" in refused.stderr
    more = ablate(grid, "train", *words, "seed=2,3", "--extend")
    assert more.returncode == 0 and "8 runs, 4 of them already done" in more.stderr
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    assert json.loads((grid / "outputs/grid/study.json").read_text())["seeds"] == [0, 1, 2, 3]
    assert len(list((grid / "outputs/grid").glob("*/seed=*/run.json"))) == 16


def test_a_plan_shows_what_is_done_and_starts_nothing(grid):
    before = sorted(grid.rglob("*"))
    words = ["study.name=grid", *SMALL, "model=mlp,cnn,vgg", "normalization=none,batch", "seed=0,1,2", "--extend"]
    ended = ablate(grid, "plan", *words)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert ["model=vgg", "3"] in rows and ["baseline", "3"] in rows and ["all", "12", "6"] in rows
    assert "18 runs of 6 variants. 6 to do, about" in ended.stdout
    assert ablate(grid, "plan", *words[:-1]).returncode == 2  # as the study itself would be refused
    assert sorted(grid.rglob("*")) == before
    assert "12 runs of 4 variants. All done." in ablate(grid, "status", "grid").stdout


def test_a_changed_setting_reruns_and_keeps_the_old_folder(tmp_path):
    words = ["train", "-m", "study.name=s", *SMALL, "model=mlp", "seed=0"]
    assert ablate(tmp_path, *words).returncode == 0
    assert ablate(tmp_path, *words, "trainer.epochs=2").returncode == 0
    baseline = tmp_path / "outputs/s/baseline"
    assert {path.name for path in baseline.glob("seed*")} == {"seed=0", "seed=0.old-1"}
    assert (
        record(baseline / "seed=0")["epochs"]["done"] == 2 and record(baseline / "seed=0.old-1")["epochs"]["done"] == 1
    )


def test_a_study_of_other_factors_is_not_mixed_in(tmp_path):
    words = ["train", "-m", "study.name=s", *SMALL, "model=mlp"]
    assert ablate(tmp_path, *words, "normalization=none,batch").returncode == 0
    ended = ablate(tmp_path, *words, "activation=relu,gelu")
    assert ended.returncode == 2 and "another study.name" in ended.stderr
    assert not (tmp_path / "outputs/s/activation=gelu").exists()


def test_a_study_file_with_a_design_a_bundle_and_a_rule(tmp_path):
    (tmp_path / "mine/study").mkdir(parents=True)
    (tmp_path / "mine/study/mine.yaml").write_text(
        """# @package _global_
study:
  name: mine
  design: pairwise
  bundles: {regularisation: {full: [], none: [augmentation=none, optimizer.weight_decay=0]}}
  exclude: [{model: cnn, regularisation: none}]
augmentation: {flip: {_target_: ablate.augmentation.geometry.Flip, p: 0.5}}
optimizer: {weight_decay: 0.001}
hydra:
  mode: MULTIRUN
  sweeper: {params: {model: "mlp,cnn"}}
"""
    )
    ended = ablate(tmp_path, "train", "study=mine", "--config-dir", "mine", *SMALL)
    assert ended.returncode == 0, ended.stderr
    study = json.loads((tmp_path / "outputs/mine/study.json").read_text())
    assert [run["variant"] for run in study["runs"]] == ["baseline", "model=cnn", "regularisation=none"]
    text = (tmp_path / "outputs/mine/regularisation=none/seed=0/.hydra/config.yaml").read_text()
    assert "weight_decay: 0\n" in text or "weight_decay: 0.0\n" in text
    assert record(tmp_path / "outputs/mine/regularisation=none/seed=0")["factors"]["regularisation"] == "none"
    assert ablate(tmp_path, "report", "mine").returncode == 0
    command = record(tmp_path / "outputs/mine/model=cnn/seed=0")["rerun"].split()[1:]
    assert ablate(tmp_path, *command, "trainer.epochs=2").returncode == 0
    (single,) = (tmp_path / "outputs/single").iterdir()
    assert record(single)["parameters"] == record(tmp_path / "outputs/mine/model=cnn/seed=0")["parameters"]


def test_a_failing_run_costs_only_itself(tmp_path):
    words = ["-m", "study.name=s", *SMALL, "model=mlp,cnn", "normalization=batch,instance"]
    ended = ablate(tmp_path, "train", *words)
    assert ended.returncode == 1
    assert re.search(
        r"normalization=instance/seed=0\s+failed\s+normalization=instance is for feature maps", ended.stderr
    )
    statuses = {path.parent.parent.name: record(path.parent)["status"] for path in tmp_path.rglob("run.json")}
    others = ("baseline", "model=cnn", "model=cnn+normalization=instance")
    assert statuses == {"normalization=instance": "failed", **dict.fromkeys(others, "completed")}
    assert "Traceback" in (tmp_path / "outputs/s/normalization=instance/seed=0/train.log").read_text()
    assert ablate(tmp_path, "report", "outputs/s").returncode == 1
    assert ablate(tmp_path, "report", "--allow-partial", "outputs/s").returncode == 0


def test_a_part_that_ends_the_process_ends_its_run_alone(tmp_path):
    (tmp_path / "parts.py").write_text("import sys\n\ndef leave():\n    sys.exit(3)\n")
    (tmp_path / "mine/loss").mkdir(parents=True)
    (tmp_path / "mine/loss/leave.yaml").write_text("_target_: parts.leave\n")
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    words = ["train", "-m", "--config-dir", "mine", "study.name=s", *SMALL, "model=mlp", "loss=leave,focal", "seed=0"]
    command = [sys.executable, "-m", "ablate.cli", *words]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert ended.returncode == 1, ended.stderr
    assert record(tmp_path / "outputs/s/baseline/seed=0")["status"] == "failed"
    assert record(tmp_path / "outputs/s/loss=focal/seed=0")["status"] == "completed"
    assert re.search(r"baseline/seed=0\s+failed\s+RuntimeError: a part of the run called sys.exit\(3\)", ended.stderr)
    assert re.search(r"^SystemExit: 3$", ended.stderr, re.M)  # the end of its log


def test_an_impossible_value_anywhere_in_a_study_starts_nothing(tmp_path):
    ended = ablate(tmp_path, "train", "-m", "study.name=s", *SMALL, "optimizer.lr=0.1,-1")
    assert ended.returncode == 2 and "optimizer.lr=-1.0 is not allowed" in ended.stderr
    assert not (tmp_path / "outputs/s/study.json").exists() and not list(tmp_path.rglob("run.json"))


def test_a_study_whose_every_run_is_refused_is_refused(tmp_path):
    ended = ablate(tmp_path, "train", "-m", "study.name=s", "data=image_folder", "data.root=nowhere", "seed=0,1")
    assert (
        ended.returncode == 2 and len(re.findall(r"failed\s+The folder data.root=nowhere does not", ended.stderr)) == 2
    )


def test_a_diverged_run_is_an_outcome(tmp_path):
    ended = ablate(tmp_path, "train", *SMALL, "model=mlp", "optimizer.lr=1e30")
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert ended.returncode == 0 and record(folder)["status"] == "diverged"


BAD = {
    ("train", "model=resnt"): "Did you mean resnet?",
    ("train", "optimizer.lrr=1"): "Did you mean optimizer.lr?",
    ("train", "trainer.epochs=0", "data=digits"): "must be at least 1",
    ("train", "data=image_folder", "data.root=nowhere"): "nowhere",
    ("train", "data=digits", "data.val_fraction=0.0001"): "val_fraction",
    ("train", "data=digits", "data.train_limit=3"): "train_limit",
    ("train", "data=digits", "data.mean=[0,0,0]"): "data.mean",
    ("train", "data=digits", "model=torchvision", "model.name=resnet99"): "resnet",
    ("report", "nowhere"): "nowhere",
    ("test", "nowhere"): "nowhere",
    ("trian",): "no such verb",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_is_one_or_two_sentences_and_status_2(words, tmp_path):
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 2, ended.stderr
    assert BAD[words] in ended.stderr
    assert "Traceback" not in ended.stderr and len(ended.stderr.strip().splitlines()) == 1
    assert not any(record(path.parent)["status"] == "completed" for path in tmp_path.rglob("run.json"))


def test_a_traceback_comes_with_debug(tmp_path):
    ended = ablate(tmp_path, "train", "data=image_folder", "data.root=nowhere", "--debug")
    assert ended.returncode == 2 and "Traceback" in ended.stderr


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "outputs").write_text("a file")
    ended = ablate(tmp_path, "train", *SMALL)
    assert ended.returncode == 2 and "outputs" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_said_and_nothing_looks_finished(tmp_path):
    # The file system stays, and a limit on the size of a file stands for its end: weights do not fit in 64 KiB.
    command = f"ulimit -f 64; exec {sys.executable} -m ablate.cli train {' '.join(SMALL)} model=cnn"
    ended = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 2, (
        ended.stderr
    )  # an epoch, then the sentence
    assert record(folder)["status"] == "failed" and not (folder / "model.pt").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".") and path.name != ".hydra"]


def test_ctrl_c_says_so_and_leaves_the_run_interrupted(tmp_path):
    command = [sys.executable, "-m", "ablate.cli", "train", *SMALL[:1], "trainer.epochs=100000", "model=mlp"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, preexec_fn=heeds_interrupts
    )
    assert "epoch 1/" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert process.returncode == 130 and "Interrupted." in errors and "Traceback" not in errors
    assert record(folder)["status"] == "interrupted"


def test_a_terminal_shows_a_live_bar(tmp_path):
    words = ["-m", "ablate.cli", "train", "data=digits", "model=resnet", "normalization=batch", "trainer.epochs=1"]
    child = pexpect.spawn(sys.executable, words, cwd=tmp_path, env={**ENVIRONMENT, "TERM": "xterm"}, timeout=120)
    child.expect(r"epoch 1/1 .*\d+/18.*loss \d")
    child.expect("completed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_the_test_set_is_read_by_its_verb_alone(grid, tmp_path):
    folder = grid / "outputs/grid/model=cnn+normalization=batch/seed=0"
    ended = ablate(tmp_path, "test", str(folder))
    assert ended.returncode == 0, ended.stderr
    result = json.loads((folder / "test.json").read_text())
    assert f"{100 * result['accuracy']:.1f} %" in ended.stdout and len(result["per_class_accuracy"]) == 10
    total = sum(map(sum, result["confusion"]))
    assert total == result["images"]
    assert sum(result["confusion"][i][i] for i in range(10)) / total == pytest.approx(result["accuracy"])


@pytest.mark.parametrize("name", ["model.pt", "run.json", ".hydra/config.yaml"])
def test_a_damaged_run_is_named_and_not_tested(grid, tmp_path, name):
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
        (["report", "--help"], ["STUDY", "--allow-partial"]),
        (["plan", "--help"], ["ablate plan"]),
        (["status", "--help"], ["STUDY", "--watch"]),
        (["test", "--help"], ["RUN"]),
        (["completion", "--help"], ["bashrc"]),
    ],
)
def test_help(words, expected, tmp_path):
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    assert all(text in ended.stdout for text in expected)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_stops_early_hears_no_error(tmp_path):
    command = f"{sys.executable} -m ablate.cli train --help | head -n 1"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    assert ended.stdout.startswith("ablate train") and ended.stderr == ""


def test_python_m_ablate_train_is_the_same(tmp_path):
    assert ablate(tmp_path, *SMALL, "model=mlp", module="ablate.train").returncode == 0
    ended = ablate(tmp_path, "model=nothing", module="ablate.train")
    assert ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [("ablate tr", "train"), ("ablate train mod", "model="), ("ablate train model=res", "model=resnet"),
     ("ablate train optimizer.mo", "optimizer.momentum="), ("ablate train model=cnn trainer.ep", "trainer.epochs=")],
)  # fmt: skip
def test_tab_completes_in_bash(line, expected, tmp_path):
    (tmp_path / "ablate").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ablate.cli "$@"\n')
    (tmp_path / "ablate").chmod(0o755)
    script = f"""
        eval "$(ablate completion bash)"
        COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _ablate; echo "${{COMPREPLY[@]}}"
    """
    environment = {**ENVIRONMENT, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert expected in ended.stdout.split(), (ended.stdout, ended.stderr)
