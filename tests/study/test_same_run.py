"""A finished run in the folder of a planned one: kept if it is that run, refused by name if it is not."""

import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from ablate.config import CONF, register
from ablate.runs import run_record
from ablate.runs.config_hash import config_sha256
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun
from ablate.study.same_run import same_run
from ablate.terminal.errors import InputError

register()


def config(*words: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", ["data=digits", "model=mlp", *words])


def planned(settings: DictConfig) -> PlannedRun:
    place = {"variant": "baseline", "factors": {}, "seed": 0, "folder": "baseline/seed=0"}
    return PlannedRun(**place, config_sha256=config_sha256(settings))


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The folder of a finished run of learning rate 0.1."""
    return trained(tmp_path / "run", config("optimizer.lr=0.1"))


def trained(folder: Path, settings: DictConfig, **record: object) -> Path:
    (folder / ".hydra").mkdir(parents=True)
    OmegaConf.save(settings, folder / ".hydra/config.yaml")
    content = {"status": "completed", "config_sha256": config_sha256(settings), "metrics": {"val_accuracy": 0.5}}
    run_record.write(folder, RunRecord(**content | record))
    return folder


def test_the_planned_run_is_kept(finished):
    settings = config("optimizer.lr=0.1")
    assert same_run(finished, planned(settings), settings, retrain=False) == config_sha256(settings)


def test_another_setting_is_refused_by_name_or_retrained(finished):
    settings = config("optimizer.lr=0.2", "trainer.epochs=7")
    with pytest.raises(InputError, match=r"optimizer\.lr was 0\.1, now 0\.2") as error:
        same_run(finished, planned(settings), settings, retrain=False)
    assert "trainer.epochs was" in str(error.value)
    assert same_run(finished, planned(settings), settings, retrain=True) is None


def test_a_key_that_the_record_lacks_equals_its_default(tmp_path):
    """As a run of an earlier version, whose configuration had no such key, and whose hash is another one."""
    settings = config()
    old = OmegaConf.create(OmegaConf.to_container(settings, resolve=False))
    del old.trainer.grad_clip
    folder = trained(tmp_path / "run", old)
    assert config_sha256(old) != config_sha256(settings)
    assert same_run(folder, planned(settings), settings, retrain=False) == config_sha256(old)
    clipped = config("trainer.grad_clip=1")
    with pytest.raises(InputError, match=r"trainer\.grad_clip"):
        same_run(folder, planned(clipped), clipped, retrain=False)


@pytest.mark.parametrize("status", ["failed", "interrupted", "running"])
def test_a_run_without_a_result_is_not_compared(tmp_path, status):
    folder = trained(tmp_path / "run", config("optimizer.lr=0.1"), status=status, metrics=None)
    settings = config("optimizer.lr=0.2")
    assert same_run(folder, planned(settings), settings, retrain=False) is None
    assert same_run(tmp_path / "nowhere", planned(settings), settings, retrain=False) is None


def test_an_edited_configuration_is_refused(finished):
    path = finished / ".hydra/config.yaml"
    path.write_text(path.read_text().replace("lr: 0.1", "lr: 0.3"))
    settings = config("optimizer.lr=0.3")
    with pytest.raises(InputError, match=r"not that of its \.hydra/config\.yaml"):
        same_run(finished, planned(settings), settings, retrain=False)


def test_a_lost_configuration_is_refused_unless_the_hash_is_the_planned_one(finished):
    (finished / ".hydra/config.yaml").unlink()
    same, other = config("optimizer.lr=0.1"), config("optimizer.lr=0.2")
    assert same_run(finished, planned(same), same, retrain=False) is None
    with pytest.raises(InputError, match="configuration was unknown"):
        same_run(finished, planned(other), other, retrain=False)
    assert same_run(finished, planned(other), other, retrain=True) is None


def test_a_folder_that_an_environment_variable_names_may_be_another_one(tmp_path, photo_folder, monkeypatch):
    settings = config("data=image_folder", "data.root=${oc.env:PHOTOS}", "data.image_size=8")
    monkeypatch.setenv("PHOTOS", str(photo_folder))

    from ablate.data.prepare import prepare

    run = trained(tmp_path / "run", settings, data_sha256=prepare(settings.data).sha256)
    assert same_run(run, planned(settings), settings, retrain=False) == config_sha256(settings)
    monkeypatch.setenv("PHOTOS", str(tmp_path / "moved"))
    for kind in ("china", "flower"):  # the other class of the photographs
        shutil.copytree(photo_folder / "train/china", tmp_path / "moved/train" / kind)
    with pytest.raises(InputError, match=r"data\.root was \S*PHOTOS\S*, now .*moved"):
        same_run(run, planned(settings), settings, retrain=False)


def test_images_in_another_folder_must_be_the_same(tmp_path, photo_folder):
    def settings(root: object) -> DictConfig:
        return config("data=image_folder", f"data.root={root}", "data.image_size=8")

    from ablate.data.prepare import prepare

    sha256 = prepare(settings(photo_folder).data).sha256
    (tmp_path / "moved").symlink_to(photo_folder)
    moved = settings(tmp_path / "moved")
    kept = trained(tmp_path / "kept", settings(photo_folder), data_sha256=sha256)
    assert same_run(kept, planned(moved), moved, retrain=False) == config_sha256(moved)
    changed = trained(tmp_path / "changed", settings(photo_folder), data_sha256="0" * 64)
    with pytest.raises(InputError, match=r"data\.root was .*, now .*moved"):
        same_run(changed, planned(moved), moved, retrain=False)
    assert same_run(changed, planned(moved), moved, retrain=True) is None
