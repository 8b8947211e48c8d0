"""The recorded configuration has the values of what reads the environment, and leaves the rest as written."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.runs import resolved_config

TEXT = """optimizer:
  lr: ${oc.decode:${oc.env:RATE}}
augmentation: {}
data:
  root: ${oc.env:IMAGES}
  image_size: 8
study:
  name: ${oc.env:NAME}
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration that Hydra recorded in a run folder."""
    for name, value in {"RATE": "0.25", "IMAGES": "/home/ada/images", "NAME": "s"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".hydra").mkdir()
    path = tmp_path / ".hydra/config.yaml"
    path.write_text(TEXT)
    return path


def test_values_of_the_environment_are_written_but_for_the_folder_of_the_images_and_the_study(path, monkeypatch):
    resolved_config.write(path.parents[1], OmegaConf.create(TEXT))
    for name in ("RATE", "IMAGES", "NAME"):
        monkeypatch.delenv(name)
    written = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    assert written == {
        "optimizer": {"lr": 0.25},
        "augmentation": {},
        "data": {"root": "${oc.env:IMAGES}", "image_size": 8},
        "study": {"name": "${oc.env:NAME}"},
    }


def test_a_configuration_that_reads_nothing_else_stays_as_it_is(path):
    plain = "# a comment\n" + TEXT.replace("${oc.decode:${oc.env:RATE}}", "0.25")
    path.write_text(plain)
    resolved_config.write(path.parents[1], OmegaConf.create(plain))
    assert path.read_text() == plain


def test_without_a_recorded_configuration_none_is_written(tmp_path, path):
    path.unlink()
    resolved_config.write(tmp_path, OmegaConf.create(TEXT))
    assert not path.exists()
