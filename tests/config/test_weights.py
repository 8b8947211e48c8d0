"""The content of the weights that a configuration names is part of a run's identity."""

import hashlib
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.config import weights
from ablate.runs.config_hash import config_sha256
from ablate.terminal.errors import InputError


def named(key: str, value: str | None) -> dict:
    settings: dict = {"seed": 0, "augmentation": {}}
    OmegaConf.update(config := OmegaConf.create(settings), key, value)
    return OmegaConf.to_container(config)


@pytest.mark.parametrize("key", weights.FILES)
def test_other_weights_at_the_same_place_are_another_run(tmp_path, key):
    path = weights.FILES[key](str(tmp_path / "run"))
    path.parent.mkdir(exist_ok=True)
    settings = named(key, str(tmp_path / "run"))
    seen = set()
    for content in (b"one", b"other"):
        path.write_bytes(content)
        assert weights.hashes(settings) == {key: hashlib.sha256(content).hexdigest()}
        seen.add(config_sha256(OmegaConf.create(settings)))
    assert len(seen) == 2
    assert weights.hashes(named(key, None)) == weights.hashes(named(key, "???")) == weights.hashes({"seed": 0}) == {}


@pytest.mark.parametrize("key", weights.FILES)
@pytest.mark.parametrize("place", ["missing", "/dev/null"])
def test_weights_that_are_no_file_are_refused(tmp_path, key, place):
    with pytest.raises(InputError, match=rf"^{key}: there is no file .*{Path(place).name}"):
        weights.hashes(named(key, str(tmp_path / place)))
