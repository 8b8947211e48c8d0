"""A command that differs in more than added levels or seeds is refused before anything trains."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ablate.analysis.collect import collect
from tests.processes import SMALL, ablate, finish, record, start

STUDY = ("train", "-m", "study.name=s", *SMALL, "model=mlp")


def ages(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("model.pt")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study of two variants and two seeds."""
    folder = tmp_path_factory.mktemp("trained")
    ended = ablate(folder, *STUDY, "normalization=none,batch", "seed=0,1")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it to change something in."""
    return shutil.copytree(trained, tmp_path / "copy")


TRAIN, PLAN = ("train", "-m"), ("plan",)


@pytest.mark.parametrize(
    ("verb", "seeds"),
    [
        *((TRAIN, seeds) for seeds in ("seed=0,1", "seed=0", "seed=2,3", "seed=0,1,2")),
        (PLAN, "seed=0,1,2"),
        *(pytest.param(PLAN, seeds, marks=pytest.mark.integration) for seeds in ("seed=0,1", "seed=0", "seed=2,3")),
    ],
)
def test_another_setting_is_refused_with_key_old_and_new_value(folder, verb, seeds):
    before = ages(folder)
    words = (*verb, *STUDY[2:], "normalization=none,batch", seeds, "trainer.epochs=3", "--extend")
    refused = ablate(folder, *words)
    assert refused.returncode == 2 and "trainer.epochs was 1, now 3" in refused.stderr, refused.stderr
    assert "--retrain" in refused.stderr
    assert ages(folder) == before and not (folder / "outputs/s/baseline/seed=2").exists()


def test_a_changed_bundle_is_refused(tmp_path):
    def bundle(decay: str) -> str:
        return "+study.bundles={full:{yes:[],no:['optimizer.weight_decay=" + decay + "']}}"

    assert ablate(tmp_path, *STUDY, bundle("0.1")).returncode == 0
    refused = ablate(tmp_path, *STUDY, bundle("0.2"), "seed=1", "--extend")
    assert refused.returncode == 2 and "full=no" in refused.stderr, refused.stderr


def test_retrain_sets_the_old_runs_aside_where_no_glob_of_runs_finds_them(folder):
    before = ages(folder)
    words = (*STUDY, "normalization=none,batch", "seed=0", "trainer.epochs=2", "--retrain")
    ended = ablate(folder, *words)
    assert ended.returncode == 0, ended.stderr
    study = folder / "outputs/s"
    assert {path.parent.name for path in study.glob("*/seed=*")} == {"baseline", "normalization=batch"}
    assert len(list(study.glob("*/seed=*"))) == 2
    aside = {path.relative_to(study).as_posix() for path in study.glob(".replaced/*/seed=*")}
    assert aside == {f".replaced/{v}/seed={s}-1" for v in ("baseline", "normalization=batch") for s in (0, 1)}
    assert sorted(ages(study / ".replaced").values()) == sorted(before.values())
    assert record(study / "baseline/seed=0")["epochs"]["done"] == 2
    assert len(json.loads((study / "study.json").read_text())["runs"]) == 2
    again = ablate(folder, *words[:-1])
    assert again.returncode == 0 and "2 of them already done" in again.stderr


def test_retrain_leaves_runs_of_the_same_settings(folder):
    before = ages(folder)
    assert ablate(folder, *STUDY, "normalization=none,batch", "seed=0,1", "--retrain").returncode == 0
    assert ages(folder) == before


def test_an_empty_folder_is_not_set_aside(folder):
    (folder / "outputs/s/baseline/seed=2").mkdir()
    ended = ablate(folder, *STUDY, "normalization=none,batch", "seed=0,1,2", "--extend")
    assert ended.returncode == 0, ended.stderr
    assert not (folder / "outputs/s/.replaced").exists()


@pytest.mark.integration
@pytest.mark.parametrize("hashed", [True, False])
def test_the_report_leaves_out_and_names_a_run_with_other_settings_than_its_variant(folder, hashed):
    """As an earlier version left it, which trained seed 2 for longer."""
    longer = ("train", "-m", "study.name=t", *SMALL, "model=mlp", "trainer.epochs=2", "seed=2")
    assert ablate(folder, *longer).returncode == 0
    study = folder / "outputs/s"
    (folder / "outputs/t/baseline/seed=2").rename(study / "baseline/seed=2")
    plan, other = (json.loads((folder / f"outputs/{name}/study.json").read_text()) for name in "st")
    plan["runs"] += [run | {"factors": plan["baseline"]} for run in other["runs"]]
    if not hashed:
        for run in plan["runs"]:
            run.pop("settings_sha256", None)
        for path in study.glob("*/seed=*/run.json"):
            content = json.loads(path.read_text())
            content.pop("settings_sha256", None)
            path.write_text(json.dumps(content))
    (study / "study.json").write_text(json.dumps(plan | {"seeds": [0, 1, 2]}))
    runs = collect(study).set_index("folder")["status"]
    assert runs[runs != "completed"].to_dict() == {"baseline/seed=2": "other settings"}
    if not hashed:
        return
    ended = ablate(folder, "report", "s")
    assert ended.returncode == 1 and "Left out, trained with other settings" in ended.stdout + ended.stderr
    assert pd.read_csv(study / "report/runs.csv")["status"].tolist() == runs.tolist()
    assert "baseline/seed=2" in (study / "report/report.typ").read_text()


def test_the_environment_is_part_of_a_configuration(tmp_path):
    words = ("train", "-m", "study.name=e", *SMALL, "model=mlp", "optimizer.lr=${oc.env:LR}")
    statuses = []
    for rate in (".1", ".9", ".1"):
        ended = ablate(tmp_path, *words, LR=rate)
        statuses.append(ended.returncode)
        assert "optimizer.lr was 0.1, now 0.9" in ended.stderr or rate == ".1", ended.stderr
    assert statuses == [0, 2, 0] and "1 of them already done" in ended.stderr
    config = yaml.safe_load((tmp_path / "outputs/e/baseline/seed=0/.hydra/config.yaml").read_text())
    assert config["optimizer"]["lr"] == 0.1


@pytest.mark.integration
def test_two_sweeps_of_one_name_started_together_do_not_overwrite_each_other(tmp_path):
    words = ("train", "-m", "study.name=s", "data=digits", "model=mlp", "seed=0,1,2")
    both = [start(tmp_path, *words, f"trainer.epochs={epochs}") for epochs in (3, 4)]
    ended = [finish(process) for process in both]
    assert sorted(status for status, _ in ended) == [0, 2], ended
    loser = next(output for status, output in ended if status == 2)
    assert "trainer.epochs was" in loser
    runs = [record(path.parent) for path in tmp_path.glob("outputs/s/*/seed=*/run.json")]
    assert len(runs) == 3 and len({run["epochs"]["done"] for run in runs}) == 1
    assert not (tmp_path / "outputs/s/.replaced").exists()


def test_a_finished_single_run_is_never_overwritten(tmp_path):
    words = ("train", *SMALL, "hydra.run.dir=outputs/r")
    assert ablate(tmp_path, *words, "model=mlp").returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "outputs/r").rglob("*") if path.is_file()}
    for model in ("cnn", "mlp"):
        refused = ablate(tmp_path, *words, f"model={model}")
        assert refused.returncode == 2 and "hydra.run.dir=FOLDER" in refused.stderr, refused.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "outputs/r").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("verb", [("train", "-m"), ("plan",)])
def test_another_metric_is_refused_after_the_first_result(folder, verb):
    words = (*verb, *STUDY[2:], "normalization=none,batch", "seed=0,1", "study.metric=val_macro_f1", "--extend")
    refused = ablate(folder, *words)
    assert refused.returncode == 2 and "study.metric was val_accuracy, now val_macro_f1" in refused.stderr
    assert "ablate report outputs/s --metric val_macro_f1" in refused.stderr
