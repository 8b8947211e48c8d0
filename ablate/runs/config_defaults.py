"""A key that a recorded configuration lacks equals its default: a new option does not make finished runs stale.

The default is the value that the option's file in `conf/` gives the key. Everything here is read as data.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config import CONF, trust
from ablate.runs.config_hash import NOT_TRAINED, STEPS, config_sha256, config_sha256_as_written, read_files, resolved
from ablate.runs.run_record import RunRecord
from ablate.terminal.text import ABSENT

FILE = ".hydra/config.yaml"


def with_defaults(config: DictConfig) -> DictConfig:
    """The configuration with the default of each key that it lacks; nothing is resolved.

    User options, which have no file in `conf/`, are not changed.
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
    missing = {key: value for key, value in defaults(group, settings.get("_target_")).items() if key not in settings}
    return {**settings, **missing} if missing else settings


def defaults(group: str, target: Any) -> dict[str, Any]:
    """The values of the option or step with this `target`; in a group without targets, those of its only option."""
    options = [option for option in _options(group) if option.get("_target_") == target]
    return options[0] if len(options) == 1 else {}


@cache
def _options(group: str) -> list[dict[str, Any]]:
    """The content of each option file of a group; for augmentations, of each step."""
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


def is_of(record: RunRecord, recorded: DictConfig) -> bool:
    """True if the hash of the configuration is the one in the record."""
    if record.config_sha256 == config_sha256_as_written(recorded, record.files):  # of an earlier version
        return True
    try:
        return record.config_sha256 == config_sha256(recorded, record.files)
    except OmegaConfBaseException:  # an interpolation cannot be evaluated
        return False


def same_but_for_defaults(planned: DictConfig, recorded: DictConfig, record: RunRecord) -> bool:
    """True if the `recorded` configuration of a finished run equals the `planned` one, except for missing defaults.

    The recorded configuration must match the hash in the record. It may lack keys that have their default in the plan.

    Raises:
        InputError: the recorded configuration reads environment variables, which were not recorded.
    """
    trust.check_interpolations(_trained(recorded), Path(FILE))
    if not is_of(record, recorded) or record.files != read_files(resolved(planned)):
        return False
    return not changes(recorded, planned)


def changes(recorded: DictConfig, planned: DictConfig, seed: bool = True) -> list[tuple[str, Any, Any]]:
    """(key, recorded value, planned value) of the settings that differ; 0 equals 0.0.

    A key that `recorded` lacks equals its default. `seed`: whether the seed counts.
    """
    old, new = resolved(with_defaults(recorded)), resolved(planned)
    rows = [(key, a, b) for key, a, b in paired(old, new) if a != b and (seed or key != "seed")]
    if not rows and list(old.get(STEPS) or ()) != list(new.get(STEPS) or ()):  # their order matters
        rows = [(STEPS, list(old[STEPS]), list(new[STEPS]))]
    return rows


def paired(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted key, old value, new value) of all settings; `ABSENT` for a missing one."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield key, old, new
        return
    for name in dict.fromkeys([*old, *new]):
        yield from paired(old.get(name, ABSENT), new.get(name, ABSENT), f"{key}.{name}" if key else str(name))


def _trained(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(name) for name in config if name not in NOT_TRAINED])
