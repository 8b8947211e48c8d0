"""What a hash of a configuration depends on."""

import json

import pytest
from omegaconf import OmegaConf

from ablate.runs.config_hash import config_sha256, resolved, settings_sha256, sha256_of


def test_the_hash_of_a_configuration_is_that_of_what_is_trained(monkeypatch):
    def sha256(text: str) -> str:
        return config_sha256(OmegaConf.create({"augmentation": {}, **OmegaConf.create(text)}))

    base = sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}, study: {name: a}, logger: {x: 1}}")
    assert (
        sha256("{data: {root: '${oc.env:PLACE}'}, seed: 0, study: {name: b}}") == base
    )  # order, study, logger: no part
    assert sha256("{seed: 1, data: {root: '${oc.env:PLACE}'}}") != base
    # The steps of an augmentation are taken in their order, so that it is a part.
    assert sha256("{augmentation: {crop: 1, cutout: 2}}") != sha256("{augmentation: {cutout: 2, crop: 1}}")
    monkeypatch.setenv("PLACE", "/elsewhere")
    assert sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}}") == base


def test_the_hash_of_the_settings_leaves_out_the_seed():
    one, other = (OmegaConf.create({"seed": seed, "augmentation": {}, "trainer": {"epochs": 2}}) for seed in (0, 1))
    assert settings_sha256(one) == settings_sha256(other) != config_sha256(one) != config_sha256(other)
    other.trainer.epochs = 3
    assert settings_sha256(one) != settings_sha256(other)


@pytest.mark.parametrize("stages", [{2: 1, 10: 3}, {1: 1, "a": 3}])
def test_the_hash_of_recorded_settings_is_that_of_the_configuration(stages):
    config = OmegaConf.create({"seed": 0, "augmentation": {}, "model": {"stages": stages}})
    assert sha256_of(json.loads(json.dumps(resolved(config)))) == config_sha256(config)


def test_the_source_of_user_code_is_part_of_the_hash():
    config = OmegaConf.create({"seed": 0, "augmentation": {}})
    assert len({config_sha256(config, code) for code in ({}, {"my.py": "0"}, {"my.py": "1"})}) == 3


@pytest.mark.parametrize("root", ["/images", "elsewhere"])
def test_where_the_images_are_is_no_part_of_the_hash(root):
    config = OmegaConf.create({"augmentation": {}, "data": {"root": root, "image_size": 8}})
    assert config_sha256(config) == config_sha256(OmegaConf.create({"augmentation": {}, "data": {"image_size": 8}}))


def test_what_follows_from_the_seed_does_not_tell_seeds_of_a_variant_apart():
    runs = [OmegaConf.create({"seed": seed, "data": {"split_seed": "${seed}"}}) for seed in (0, 7)]
    assert len({settings_sha256(run) for run in runs}) == 1
    assert len({config_sha256(run) for run in runs}) == 2
    assert [run.seed for run in runs] == [0, 7]
    fixed = OmegaConf.create({"seed": 0, "data": {"split_seed": 1}})
    assert settings_sha256(fixed) != settings_sha256(runs[0])
