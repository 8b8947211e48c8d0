"""The settings that determine the result of a run, and their hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, flag_override

from ablate.config import user_code, weights
from ablate.config.section_cache import SectionCache

# Neither affects training: the study sets the run folder, the logger where metrics are also written.
NOT_TRAINED = ("study", "logger")
STEPS = "augmentation"  # a group whose options are steps: `flip: {_target_: ..., p: 0.5}`
Settings = dict[str, Any]


def config_sha256(config: DictConfig, files: Mapping[str, str] | None = None) -> str:
    """SHA-256 of what determines the result of a run: the resolved configuration, user code and weights.

    Args:
        config: of a run.
        files: SHA-256 of the files of `read_files`; by default of the current ones.
    """
    return sha256_of(resolved(config), files)


def settings_sha256(config: DictConfig, files: Mapping[str, str] | None = None) -> str:
    """`config_sha256` without the seed: equal for all runs of a variant."""
    return sha256_of(without_seed(config), files)


def config_sha256_as_written(config: DictConfig, files: Mapping[str, str]) -> str:
    """Hash as earlier versions did: with unresolved interpolations, and including `data.root`."""
    return sha256_of(written(config), files)


def resolved(config: DictConfig, cache: SectionCache | None = None) -> Settings:
    """Return the settings that affect training as plain values, with interpolations resolved.

    `data.root`, the image folder on this machine, is left out, since the images are hashed separately.

    Args:
        config: of a run.
        cache: reads its values, those of shared sections once. They must not be changed.
    """
    cache = cache or SectionCache()
    content = {name: cache.value(config, name) for name in _trained(config) if name != "data"}
    data = config.get("data")
    if isinstance(data, DictConfig):
        content["data"] = {str(name): cache.value(data, str(name)) for name in data if name != "root"}
    return content


def without_seed(config: DictConfig, cache: SectionCache | None = None) -> Settings:
    """`resolved` without the seed; what follows from it (`data.split_seed=${seed}`) has the value for seed 0."""
    if "seed" not in config:
        return resolved(config, cache)
    seed = config.seed
    with flag_override(config, "readonly", False):  # cheaper than a copy of the configuration
        try:
            config.seed = 0
            settings = resolved(config, cache)
        finally:
            config.seed = seed
    return {name: value for name, value in settings.items() if name != "seed"}


def written(config: DictConfig, cache: SectionCache | None = None) -> Settings:
    """Return the settings that affect training as plain values, with interpolations unresolved; see `resolved`."""
    cache = cache or SectionCache()
    return {name: cache.unresolved(config._get_node(name)) for name in _trained(config)}


def read_files(settings: Settings) -> dict[str, str]:
    """SHA-256 of the files that a run reads besides its images: user code by path, weights by key."""
    return {**user_code.hashes(settings), **weights.hashes(settings)}


def ordered(settings: Settings) -> Settings:
    """Convert the augmentation steps to a list, since their order matters; the order of other keys does not."""
    steps = settings.get(STEPS)
    return {**settings, STEPS: list(steps.items())} if isinstance(steps, dict) else settings


def _trained(config: DictConfig) -> list[str]:
    return [str(name) for name in config if name not in (*NOT_TRAINED, "hydra")]


def sha256_of(settings: Settings, files: Mapping[str, str] | None = None) -> str:
    """SHA-256 of `resolved` settings and of the files of `read_files`, by default of the current ones."""
    content = json.loads(json.dumps(ordered(settings)))  # keys as in records, where integers are text and sort as such
    if read := read_files(settings) if files is None else dict(files):
        content = {**content, "own_code": read}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
