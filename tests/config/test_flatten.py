"""Dotted keys of a configuration."""

from omegaconf import OmegaConf

from ablate.config.flatten import flat

CONFIG = OmegaConf.create({"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, "f": "${a.b.c}", "g": None})


def test_nested_keys_are_joined_by_dots_and_lists_stay():
    assert flat(CONFIG) == {"a.b.c": 1, "a.d": [1, {"e": 2}], "f": 1, "g": None}


def test_interpolations_stay_as_written_when_asked():
    assert flat(CONFIG, resolve=False)["f"] == "${a.b.c}"
