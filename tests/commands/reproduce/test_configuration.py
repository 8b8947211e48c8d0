"""`reproduce` trains the configuration of the run: from its own option files, in another place."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from ablate.config import CONF
from tests.processes import SMALL, ablate, alone, record


@pytest.fixture
def composed(tmp_path: Path) -> Path:
    """A run of a primary configuration, an option and an included file of the user's own, which are gone since."""
    (tmp_path / "c/model").mkdir(parents=True)
    (tmp_path / "c/mine.yaml").write_text("defaults: [config, more, _self_]\ntrainer: {epochs: 2}\n")
    (tmp_path / "c/more.yaml").write_text("optimizer: {lr: 0.03}\nseed: 7\n")
    (tmp_path / "c/other.yaml").write_text("unused: true\n")
    text = (CONF / "model/mlp.yaml").read_text()
    (tmp_path / "c/model/net7.yaml").write_text(text.replace("hidden: [512]", "hidden: [7]"))
    words = ("--config-dir", "c", "--config-name", "mine", "-m", "study.name=m")
    ended = ablate(tmp_path, "train", *words, "data=digits", "data.train_limit=64", "model=net7", "optimizer.lr=.1,.2")
    assert ended.returncode == 0, ended.stderr
    shutil.rmtree(tmp_path / "c")
    return tmp_path / "outputs/m"


@pytest.mark.integration
def test_the_users_option_files_are_kept_and_used(composed, tmp_path):
    run = composed / "baseline/seed=7"  # the seed of the configuration, as in one run
    files = {path.relative_to(run / "options").as_posix() for path in run.rglob("options/**/*.yaml")}
    assert files == {"mine.yaml", "more.yaml", "model/net7.yaml"}
    (tmp_path / "elsewhere").mkdir()
    shutil.move(composed, tmp_path / "elsewhere/m")
    again = alone(tmp_path / "elsewhere", "reproduce", "m/baseline/seed=7")
    assert again.returncode == 0 and "Identical" in again.stdout, again.stderr
    again = ablate(tmp_path, "reproduce", "--trust", "elsewhere/m/optimizer.lr=0.2/seed=7")
    assert again.returncode == 0 and "Identical" in again.stdout, again.stderr


@pytest.mark.integration
def test_options_on_the_search_path_are_kept(tmp_path):
    (tmp_path / "sp/model").mkdir(parents=True)
    shutil.copy(CONF / "model/mlp.yaml", tmp_path / "sp/model/net9.yaml")
    words = (f"hydra.searchpath=[file://{tmp_path}/sp]", "model=net9", "hydra.run.dir=one")
    assert ablate(tmp_path, "train", *SMALL, *words).returncode == 0
    shutil.rmtree(tmp_path / "sp")
    again = ablate(tmp_path, "reproduce", "one")
    assert again.returncode == 0 and "Identical" in again.stdout, again.stderr


@pytest.mark.integration
def test_values_of_the_environment_are_kept(tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/mine.yaml").write_text("defaults: [config, _self_]\ntrainer: {batch_size: '${oc.env:SIZE}'}\n")
    words = ("--config-dir", "c", "--config-name", "mine", *SMALL, "optimizer.lr=${oc.env:LR}", "model=${oc.env:NET}")
    ended = ablate(tmp_path, "train", *words, "hydra.run.dir=one", LR=".3", NET="mlp", SIZE="16")
    assert ended.returncode == 0, ended.stderr
    assert "${" not in record(tmp_path / "one")["rerun"]
    again = ablate(tmp_path, "reproduce", "one")
    assert again.returncode == 0 and "Identical" in again.stdout, again.stderr


def test_an_edited_configuration_or_command_is_refused(tmp_path):
    assert ablate(tmp_path, "train", *SMALL, "model=mlp", "hydra.run.dir=one").returncode == 0
    path = tmp_path / "one/.hydra/config.yaml"
    text = path.read_text()
    path.write_text(text.replace("epochs: 1", "epochs: 2"))
    refused = ablate(tmp_path, "reproduce", "one")
    assert refused.returncode == 2 and "different configurations" in refused.stderr, refused.stdout
    path.write_text(text)
    content = record(tmp_path / "one")
    content["rerun"] = content["rerun"].replace("model=mlp", "model=mlp trainer.epochs=2")
    (tmp_path / "one/run.json").write_text(json.dumps(content))
    refused = ablate(tmp_path, "reproduce", "one")
    assert refused.returncode == 2 and "trainer.epochs was 1, now 2" in refused.stderr, refused.stdout
    assert not (tmp_path / "outputs").exists()


@pytest.mark.integration
def test_another_folder_of_all_options_is_kept_and_used(tmp_path):
    shutil.copytree(CONF, tmp_path / "c")
    default = tmp_path / "c/trainer/default.yaml"
    default.write_text(default.read_text().replace("batch_size: 64", "batch_size: 16"))
    net = tmp_path / "c/model/mlp.yaml"
    net.write_text(net.read_text().replace("hidden: [128, 256, 512]", "hidden: [7]"))
    words = ("--config-path", "c", *SMALL, "model=mlp", "hydra.run.dir=outputs/r")
    ended = alone(tmp_path, "train", *words)
    assert ended.returncode == 0, ended.stderr
    run = tmp_path / "outputs/r"
    config = yaml.safe_load((run / ".hydra/config.yaml").read_text())
    assert config["trainer"]["batch_size"] == 16 and config["model"]["hidden"] == [7]
    assert "--config-path options" in record(run)["rerun"]
    run = run.rename(tmp_path / "moved")
    shutil.rmtree(tmp_path / "c")
    (tmp_path / "elsewhere").mkdir()
    again = alone(tmp_path / "elsewhere", "reproduce", str(run))
    assert again.returncode == 0 and "Identical" in again.stdout, again.stdout + again.stderr
