"""A key that a recorded configuration lacks equals its default: a new option does not make finished runs stale.

The default is the value that the option's file in `conf/` gives the key. Everything here is read as data.
"""

from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import CONF, user_code
from ablate.runs.config_hash import NOT_TRAINED, config_sha256
from ablate.runs.run_record import RunRecord

STEPS = "augmentation"  # a group whose options are steps: `flip: {_target_: ..., p: 0.5}`


def with_defaults(config: DictConfig) -> DictConfig:
    """The configuration with the default of each key that it lacks; nothing is resolved.

    An option of the user's own, whose file is not in `conf/`, is left as it is.
    """
    content: Any = OmegaConf.to_container(config, resolve=False)
    for group, settings in {**_missing_groups(content), **content}.items():
        if group == STEPS and isinstance(settings, dict):
            content[group] = {name: _completed(STEPS, step) for name, step in settings.items()}
        elif group not in NOT_TRAINED:
            content[group] = _completed(group, settings)
    return OmegaConf.create(content)


def _missing_groups(content: dict[Any, Any]) -> dict[str, Any]:
    """The default option, by group, of each group that a configuration lacks."""
    defaults = [entry for entry in _load(CONF / "config.yaml")["defaults"] if isinstance(entry, dict)]
    chosen = {str(group): option for entry in defaults for group, option in entry.items()}
    missing = {group: option for group, option in chosen.items() if group not in {*content, *NOT_TRAINED}}
    return {
        group: {} if group == STEPS else _option(CONF / group / f"{option}.yaml")
        for group, option in missing.items()
        if option is not None
    }


def _completed(group: str, settings: Any) -> Any:
    """The settings of an option, or of a step, with the defaults of the keys that they lack."""
    if not isinstance(settings, dict):
        return settings
    missing = {key: value for key, value in _defaults(group, settings.get("_target_")).items() if key not in settings}
    return {**settings, **missing} if missing else settings


def _defaults(group: str, target: Any) -> dict[str, Any]:
    """The values of the option, or of the step, that builds `target`; of a group without targets, of its one option."""
    options = [option for option in _options(group) if option.get("_target_") == target]
    return options[0] if len(options) == 1 else {}


@cache
def _options(group: str) -> list[dict[str, Any]]:
    """The content of each option file of a group; of the augmentations, of each step."""
    options = [_option(path) for path in sorted((CONF / group).glob("*.yaml"))]
    if group == STEPS:
        return [step for option in options for step in option.values()]
    return options


def _option(path: Path) -> dict[str, Any]:
    """The keys of an option file."""
    return {key: value for key, value in _load(path).items() if key != "defaults"}


@cache
def _load(path: Path) -> dict[str, Any]:
    """The content of an option file, interpolations as written."""
    content: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    return content if isinstance(content, dict) else {}


def same_but_for_defaults(planned: DictConfig, recorded: DictConfig, record: RunRecord) -> bool:
    """True if a finished run of the `recorded` configuration is one of the `planned` configuration.

    The recorded configuration must be the one that its record has the hash of, and may lack keys whose planned value
    is their default.
    """
    if config_sha256(recorded, record.own_code) != record.config_sha256:
        return False
    if record.own_code != user_code.hashes(OmegaConf.to_container(planned, resolve=False)):
        return False
    return _comparable(with_defaults(recorded)) == _comparable(planned)


def _comparable(config: DictConfig) -> tuple[dict[Any, Any], list[tuple[Any, Any]]]:
    """The settings that affect training, as a dict (0 equals 0.0), and the augmentation steps as a list, in order."""
    content: Any = OmegaConf.to_container(config, resolve=False)
    trained = {name: value for name, value in content.items() if name not in NOT_TRAINED}
    steps = trained.pop(STEPS, None) or {}
    return trained, list(steps.items())
