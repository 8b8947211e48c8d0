"""Values and objects of shared sections against those of OmegaConf."""

import copy

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ablate.config import CONF, register
from ablate.config.section_cache import SectionCache

register()


@pytest.fixture(scope="module")
def config():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["study.name=s", "augmentation=[flip,crop]", "optimizer=adam", "loss.label_smoothing=${optimizer.lr}"]
        return compose("config", words)


def test_a_configuration_with_shared_sections_has_the_same_values_and_objects(config):
    cache = SectionCache()
    kept = {str(name) for name in config if cache.keep(config._get_node(name))}
    assert {"model", "optimizer", "augmentation", "trainer"} <= kept
    for _ in range(2):  # read, and read again
        assert cache.values(config) == OmegaConf.to_container(config, resolve=True)
        assert cache.object(config) == OmegaConf.to_object(config)
        assert {name: cache.unresolved(config._get_node(name)) for name in config} == OmegaConf.to_container(config)


@pytest.mark.parametrize(
    ("section", "change"),
    [("loss", {}), ("optimizer", {"lr": "${seed}"}), ("model", {"_target_": "???"}), ("seed", {})],
)
def test_a_section_whose_values_are_not_final_is_not_shared(section, change, config):
    changed = copy.deepcopy(config)
    for name, value in change.items():
        changed[section][name] = value
    assert not SectionCache().keep(changed._get_node(section))
