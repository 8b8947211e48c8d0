"""A finished run of an earlier version, whose configuration lacks a newer key, counts as a run with its default."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from ablate.runs import study_plan
from ablate.runs.config_hash import config_sha256
from tests.processes import SMALL, ablate, record

WORDS = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "optimizer=adam", "normalization=none,batch")
RUN = "outputs/s/baseline/seed=0"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study of two runs."""
    folder = tmp_path_factory.mktemp("trained")
    ended = ablate(folder, *WORDS)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def finished(trained: Path, tmp_path: Path) -> Path:
    """A copy of it to change something in."""
    return shutil.copytree(trained, tmp_path / "copy")


def age(folder: Path, *keys: str) -> str:
    """Make the run in `folder` one of a version without these keys: in its configuration and its hash, returned."""
    path = folder / ".hydra/config.yaml"
    content = yaml.safe_load(path.read_text())
    for key in keys:
        *groups, name = key.split(".")
        inside = content
        for group in groups:
            inside = inside[group]
        del inside[name]
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    sha256 = config_sha256(OmegaConf.load(path))
    assert sha256 != record(folder)["config_sha256"]
    (folder / "run.json").write_text(json.dumps({**record(folder), "config_sha256": sha256}))
    return sha256


def ages(folder: Path) -> dict[str, int]:
    return {path.parent.as_posix(): path.stat().st_mtime_ns for path in folder.rglob("model.pt")}


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("trainer.tta",), marks=pytest.mark.integration),
        ("optimizer.eps", "optimizer.weight_decay", "trainer.ema"),
        pytest.param(("schedule",), marks=pytest.mark.integration),
    ],
)
def test_a_newer_key_at_its_default_does_not_make_a_run_stale(finished, keys):
    sha256, before = age(finished / RUN, *keys), ages(finished)
    ended = ablate(finished, *WORDS)
    assert ended.returncode == 0 and "2 runs, 2 of them already done" in ended.stderr, ended.stderr
    assert ages(finished) == before and not (finished / "outputs/s/.replaced").exists()
    assert study_plan.read(finished / "outputs/s").runs[0].config_sha256 == sha256
    ended = ablate(finished, "report", "s")
    assert ended.returncode == 0, ended.stderr
    assert "stale" not in (finished / "outputs/s/report/runs.csv").read_text()


def test_a_newer_key_at_another_value_is_refused(finished):
    age(finished / RUN, "trainer.tta")
    refused = ablate(finished, *WORDS, "trainer.tta=flip")
    assert refused.returncode == 2 and "trainer.tta was none, now flip" in refused.stderr


def test_a_lacking_key_that_was_not_at_its_default_is_refused(finished):
    """SMALL sets data.train_limit, whose default is another."""
    age(finished / RUN, "data.train_limit")
    refused = ablate(finished, *WORDS)
    assert refused.returncode == 2 and "data.train_limit was null, now 64" in refused.stderr


def test_a_configuration_that_its_record_does_not_have_the_hash_of_is_stale(finished):
    age(finished / RUN, "trainer.tta")
    path = finished / RUN / ".hydra/config.yaml"
    path.write_text(path.read_text().replace("epochs: 1", "epochs: 2"))
    refused = ablate(finished, *WORDS)
    assert refused.returncode == 2 and "trainer.epochs was 2, now 1" in refused.stderr
    ended = ablate(finished, *WORDS, "--retrain")
    assert ended.returncode == 0, ended.stderr
    assert (finished / "outputs/s/.replaced/baseline/seed=0-1").exists()


@pytest.mark.integration
def test_a_run_without_newer_keys_is_verified_tested_and_reproduced(finished):
    age(finished / RUN, "trainer.tta", "trainer.selection")
    for verb in ("verify", "test", "reproduce"):
        ended = ablate(finished, verb, RUN)
        assert ended.returncode == 0, ended.stderr
    ended = ablate(finished, "diff", RUN, "outputs/s/normalization=batch/seed=0")
    assert "trainer." not in ended.stdout and "normalization._target_" in ended.stdout
