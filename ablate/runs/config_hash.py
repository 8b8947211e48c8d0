"""The settings of a run that its result depends on, and their hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code

# Neither changes what is trained: the study is where a run is kept, the logger where its figures also go.
NOT_TRAINED = ("study", "logger")
STEPS = "augmentation"  # a group whose options are steps: `flip: {_target_: ..., p: 0.5}`
Settings = dict[str, Any]


def config_sha256(config: DictConfig, own_code: Mapping[str, str] | None = None) -> str:
    """SHA-256 of what is trained: the resolved configuration, and the source of the user's own parts.

    Args:
        config: of a run.
        own_code: SHA-256 by file of the user's own parts; None: of the files as they are now.
    """
    return _sha256(resolved(config), own_code)


def settings_sha256(config: DictConfig, own_code: Mapping[str, str] | None = None) -> str:
    """`config_sha256` without the seed: equal for all runs of a variant."""
    return _sha256({name: value for name, value in resolved(config).items() if name != "seed"}, own_code)


def config_sha256_as_written(config: DictConfig, own_code: Mapping[str, str]) -> str:
    """The hash of earlier versions: of interpolations as they are written, and of the folder of the images."""
    return _sha256(written(config), own_code)


def resolved(config: DictConfig) -> Settings:
    """What is trained as plain values, interpolations evaluated.

    Without `data.root`, the place of the images on this machine: the images have a hash of their own.
    """
    content = {name: _value(config, name) for name in _trained(config) if name != "data"}
    data = config.get("data")
    if isinstance(data, DictConfig):
        content["data"] = {str(name): _value(data, str(name)) for name in data if name != "root"}
    return content


def _value(config: DictConfig, name: str) -> Any:
    value = config[name]
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def written(config: DictConfig) -> Settings:
    """What is trained as plain values, interpolations as they are written."""
    content: Any = OmegaConf.to_container(config, resolve=False)
    return {name: content[name] for name in _trained(config)}


def ordered(settings: Settings) -> Settings:
    """The settings to compare: the steps as a list, since their order matters; other keys have no order."""
    steps = settings.get(STEPS)
    return {**settings, STEPS: list(steps.items())} if isinstance(steps, dict) else settings


def _trained(config: DictConfig) -> list[str]:
    return [str(name) for name in config if name not in NOT_TRAINED]


def _sha256(settings: Settings, own_code: Mapping[str, str] | None) -> str:
    content = ordered(settings)
    if code := user_code.hashes(settings) if own_code is None else dict(own_code):
        content = {**content, "own_code": code}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
