"""Studies from the command line: which runs are trained, kept, or fail."""

import json
import re
import shutil

import pytest

from tests.processes import SMALL, ablate, record


def test_a_study_runs_every_combination_once(grid):
    study = json.loads((grid / "outputs/grid/study.json").read_text())
    assert study["baseline"] == {"model": "mlp", "normalization": "none"} and study["seeds"] == [0, 1, 2]
    assert len(study["runs"]) == 12
    variants = {"baseline", "model=cnn", "normalization=batch", "model=cnn+normalization=batch"}
    for run in study["runs"]:
        run_record = record(grid / "outputs/grid" / run["folder"])
        assert run["folder"] == f"{run['variant']}/seed={run['seed']}" and run["variant"] in variants
        assert {name: run_record[name] for name in run if name != "folder"} == {
            n: v for n, v in run.items() if n != "folder"
        }
        assert run_record["study"] == "grid" and run_record["status"] == "completed"


@pytest.mark.integration
def test_the_same_command_again_trains_nothing_and_extend_adds_seeds(grid, tmp_path):
    grid = shutil.copytree(grid / "outputs", tmp_path / "outputs").parent  # other tests use the original
    words = ["-m", "study.name=grid", *SMALL, "model=mlp,cnn", "normalization=none,batch"]
    before = {path: path.stat().st_mtime_ns for path in grid.rglob("run.json")}
    again = ablate(grid, "train", *words, "seed=0,1,2")
    assert again.returncode == 0 and "12 runs, 12 of them already done" in again.stderr
    refused = ablate(grid, "train", *words, "seed=2,3")
    assert (
        refused.returncode == 2 and "without 4 of the planned runs" in refused.stderr and "--extend" in refused.stderr
    )
    more = ablate(grid, "train", *words, "seed=2,3", "--extend")
    assert more.returncode == 0 and "8 runs, 4 of them already done" in more.stderr
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    assert json.loads((grid / "outputs/grid/study.json").read_text())["seeds"] == [0, 1, 2, 3]
    assert len(list((grid / "outputs/grid").glob("*/seed=*/run.json"))) == 16


def test_a_study_with_other_factors_is_refused(tmp_path):
    words = ["train", "-m", "study.name=s", *SMALL, "model=mlp"]
    assert ablate(tmp_path, *words, "normalization=none,batch").returncode == 0
    ended = ablate(tmp_path, *words, "activation=relu,gelu")
    assert ended.returncode == 2 and "another study.name" in ended.stderr
    assert not (tmp_path / "outputs/s/activation=gelu").exists()


@pytest.mark.integration
def test_a_study_file_with_a_design_a_bundle_and_an_exclusion(tmp_path):
    (tmp_path / "mine/study").mkdir(parents=True)
    (tmp_path / "mine/study/mine.yaml").write_text(
        """# @package _global_
study:
  name: mine
  design: pairwise
  bundles: {regularization: {full: [], none: [augmentation=none, optimizer.weight_decay=0]}}
  exclude: [{model: cnn, regularization: none}]
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
    assert [run["variant"] for run in study["runs"]] == ["baseline", "model=cnn", "regularization=none"]
    text = (tmp_path / "outputs/mine/regularization=none/seed=0/.hydra/config.yaml").read_text()
    assert "weight_decay: 0\n" in text or "weight_decay: 0.0\n" in text
    assert record(tmp_path / "outputs/mine/regularization=none/seed=0")["factors"]["regularization"] == "none"
    assert ablate(tmp_path, "report", "mine").returncode == 0
    run = tmp_path / "outputs/mine/model=cnn/seed=0"
    assert ablate(run, *record(run)["rerun"].split()[1:], "trainer.epochs=2").returncode == 0
    (single,) = (run / "outputs/single").iterdir()
    assert record(single)["parameters"] == record(run)["parameters"]


def test_a_failed_run_does_not_stop_the_others(tmp_path):
    words = ["-m", "study.name=s", *SMALL, "model=mlp,cnn", "normalization=batch,instance"]
    ended = ablate(tmp_path, "train", *words)
    assert ended.returncode == 1
    assert re.search(
        r"normalization=instance/seed=0\s+failed\s+normalization=instance needs feature maps", ended.stderr
    )
    statuses = {path.parent.parent.name: record(path.parent)["status"] for path in tmp_path.rglob("run.json")}
    others = ("baseline", "model=cnn", "model=cnn+normalization=instance")
    assert statuses == {"normalization=instance": "failed", **dict.fromkeys(others, "completed")}
    assert "Traceback" in (tmp_path / "outputs/s/normalization=instance/seed=0/train.log").read_text()
    assert ablate(tmp_path, "report", "outputs/s").returncode == 1


def test_sys_exit_in_a_run_only_ends_this_run(tmp_path):
    (tmp_path / "parts.py").write_text("import sys\n\ndef leave():\n    sys.exit(3)\n")
    (tmp_path / "mine/loss").mkdir(parents=True)
    (tmp_path / "mine/loss/leave.yaml").write_text("_target_: parts.leave\n")
    words = ["-m", "--config-dir", "mine", "study.name=s", *SMALL, "model=mlp", "loss=leave,focal", "seed=0"]
    ended = ablate(tmp_path, "train", *words)
    assert ended.returncode == 1, ended.stderr
    assert record(tmp_path / "outputs/s/baseline/seed=0")["status"] == "failed"
    assert record(tmp_path / "outputs/s/loss=focal/seed=0")["status"] == "completed"
    assert re.search(r"baseline/seed=0\s+failed\s+RuntimeError: a part of the run called sys.exit\(3\)", ended.stderr)
    assert re.search(r"^SystemExit: 3$", ended.stderr, re.M)  # the last line of its log


def test_an_invalid_level_is_refused_before_anything_starts(tmp_path):
    ended = ablate(tmp_path, "train", "-m", "study.name=s", *SMALL, "optimizer.lr=0.1,-1")
    assert ended.returncode == 2 and "optimizer.lr=-1.0 is not allowed" in ended.stderr
    assert not (tmp_path / "outputs/s/study.json").exists() and not list(tmp_path.rglob("run.json"))


def test_a_study_of_refused_runs_exits_with_status_2(tmp_path):
    ended = ablate(tmp_path, "train", "-m", "study.name=s", "data=image_folder", "data.root=nowhere", "seed=0,1")
    reasons = re.findall(r"failed\s+The folder data.root=nowhere does not", ended.stderr)
    assert ended.returncode == 2 and len(reasons) == 1 and "2 runs" in ended.stderr  # the same reason once


def test_a_diverged_run_is_a_result(tmp_path):
    ended = ablate(tmp_path, "train", *SMALL, "model=mlp", "optimizer.lr=1e30")
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert ended.returncode == 0 and record(folder)["status"] == "diverged"
