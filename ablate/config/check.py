"""Checks of a composed configuration before anything trains, and Hydra's refusals in plain words."""

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate import own
from ablate.config import schema
from ablate.config.field import Allowed
from ablate.errors import InputError


@dataclass(frozen=True)
class Chosen:
    """What a configuration was composed from: the option of each group, and the words of the command line."""

    options: Mapping[str, Any] = field(default_factory=dict)
    words: Sequence[str] = ()

    @classmethod
    def of(cls, hydra: Any) -> "Chosen":
        """As Hydra's own settings have it."""
        return cls(hydra.runtime.choices, list(hydra.overrides.task))

    def preset(self, key: str) -> tuple[str, str] | None:
        """`experiment` or `study` and its name, if one was chosen and no word sets the key."""
        if any(word.lstrip("+").startswith(f"{key}=") for word in self.words):
            return None
        chosen = [(group, name) for group in ("experiment", "study") if (name := self.options.get(group))]
        return chosen[0] if chosen else None


def validate(config: DictConfig, chosen: Chosen | None = None) -> None:
    """Refuse, with the key, the value and what is allowed, a configuration that cannot be trained.

    `chosen` is what it was composed from, if that is known: a key of a preset is then said to be one.

    Raises:
        InputError: a key without a value, a value out of its range, or two that do not go together.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise InputError(f"{missing[0]} has no value; give it one with {missing[0]}=...")
    chosen = chosen or Chosen()
    _check_steps(config.get("augmentation") or {}, chosen)
    for key, section in _sections(config):
        _check_keys(key, section, chosen)
    for key, section in _sections(config):  # only now: a value out of its range is itself the thing to say
        _check_together(key, section)


def _check_steps(steps: Mapping[Any, Any], chosen: Chosen) -> None:
    """Refuse keys of a step that no chosen augmentation has."""
    for name, step in steps.items():
        if OmegaConf.is_dict(step) and "_target_" not in step:
            place = f"augmentation.{name}"
            _refuse_preset("augmentation", [f"{place}.{key}" for key in step], chosen, place)
            raise InputError(
                f"{place} has keys ({', '.join(map(str, step))}) but no step of that name was chosen: name an option"
                f" that has it, or take the keys away with '~{place}'."
            )


def _refuse_preset(group: str, keys: list[str], chosen: Chosen, step: str = "") -> None:
    """Refuse keys, all of a `step` if they are, that a preset sets for another option of the group, if it was one."""
    if not (keys := [key for key in keys if chosen.preset(key)]) or not (preset := chosen.preset(keys[0])):
        return
    kind, name = preset
    away = " ".join(f"'~{key}'" for key in ([step] if step else keys))
    advice = {
        "experiment": f"Say {away} too; in a study, set the keys of each option in a bundle, as study=full_marks does.",
        "study": f"Keep the option, or change a copy of conf/study/{name}.yaml in a folder of your own (--config-dir).",
    }
    raise InputError(
        f"{kind}={name} sets {', '.join(keys)}, which {group}={chosen.options.get(group)} does not have. {advice[kind]}"
    )


def _check_keys(key: str, section: DictConfig, chosen: Chosen) -> None:
    kind: Any = OmegaConf.get_type(section)
    prefix = f"{key}." if key else ""
    settings: Any = OmegaConf.to_container(section, resolve=True)
    known = [f.name for f in dataclasses.fields(kind)]
    target = str(settings.get("_target_", "ablate."))
    # A `_target_` of the user's own has keys of its own; one of ours has those it declares.
    extra = [f"{prefix}{name}" for name in settings if name not in known and target.startswith("ablate.")]
    if extra:
        _refuse_preset(key, extra, chosen)
        near = _nearest(extra[0], [f"{prefix}{name}" for name in known if name != "_target_"])
        raise InputError(f"{extra[0]}: there is no such key.{near} `ablate train --cfg job` shows all.")
    if not own.find(target):
        raise InputError(
            f"{prefix}_target_={target}: there is no module {target.partition('.')[0]} here or among the installed "
            "packages. Write it to a file in the folder from which you train."
        )
    for name, allowed in _ranges(kind).items():
        if name in settings and not allowed.accepts(settings[name]):  # `~key` leaves one out
            raise InputError(f"{prefix}{name}={settings[name]} is not allowed: it must be {allowed} ({allowed.doc}).")


def _check_together(key: str, section: DictConfig) -> None:
    check = getattr(OmegaConf.get_type(section), "check", None)
    if check:
        try:
            check(OmegaConf.to_object(section))
        except ValueError as error:
            raise InputError(f"{error}.") from None


def _sections(config: DictConfig, key: str = "") -> Iterator[tuple[str, DictConfig]]:
    """Every node that a dataclass of the schema describes, with its full key."""
    if dataclasses.is_dataclass(OmegaConf.get_type(config)):
        yield key, config
    for name in config:
        if OmegaConf.is_dict(config._get_node(name)):
            yield from _sections(config[name], f"{key}.{name!s}" if key else str(name))


def _ranges(kind: Any) -> dict[str, Allowed]:
    return {f.name: f.metadata["allowed"] for f in dataclasses.fields(kind) if "allowed" in f.metadata}


# Folders of `conf/` that another verb reads.
ELSEWHERE = {"rubric": "ablate test --rubric NAME", "submission": "ablate submit --submission NAME"}


def plain(error: Exception, conf: Path) -> str:
    """One or two sentences for an error raised while Hydra composed from the folder `conf`."""
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    text = str(error)
    if option := re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", text):
        group, name = option.groups()
        known = sorted(path.stem for path in (conf / group).glob("*.yaml"))
        return f"{group}={name}: there is no such option.{_nearest(name, known)} Options: {', '.join(known)}."
    if "is not a subclass of" in text:
        return (
            "A group was given a list of options; only augmentation takes one. In a study (-m) write them without []."
        )
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            groups = [path.parent.name for path in sorted(conf.glob("*/*.yaml")) if path.stem == error.override]
            near = [f"{group}={error.override}" for group in groups if group not in ELSEWHERE]
            return f"{error.override}: a word is key=value.{f' Did you mean {near[0]}?' if near else ''}"
        return (
            f"{error.override}: {_first_line(error)}. Lists are written [a,b]; quote what the shell would read itself."
        )
    if isinstance(cause, OmegaConfBaseException):
        return _refusal(cause, conf)
    if override := re.search(r"Could not override '([^']+)'", text):
        key = override.group(1)
        if key in ELSEWHERE:
            return f"{key} is no part of a training; it is for {ELSEWHERE[key]}."
        groups = [path.name for path in conf.iterdir() if path.is_dir() and path.name not in ELSEWHERE]
        return f"{key}: there is no such key or group.{_nearest(key, groups + _known_keys(conf))}"
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _refusal(cause: OmegaConfBaseException, conf: Path) -> str:
    """OmegaConf's refusal of a key or a value."""
    key = re.sub(r"\[\d+\]$", "", str(cause.full_key or ""))
    where = f"{key}: " if key else ""
    if "Key '" not in str(cause) or "Interpolation" in str(cause):
        return f"{where}{_first_line(cause)}.{_allowed(key, cause)}"
    siblings = dataclasses.fields(cause.object_type) if dataclasses.is_dataclass(cause.object_type) else ()
    parent = key.rpartition(".")[0]
    own = [f"{parent}.{f.name}".strip(".") for f in siblings if f.name != "_target_"]
    near = _nearest(key, own) or _nearest(key, [known for known in _known_keys(conf) if known != key])
    return f"{where}there is no such key.{near} `ablate train --cfg job` shows all."


def _allowed(key: str, cause: OmegaConfBaseException) -> str:
    name = key.rpartition(".")[2]
    ranges = _ranges(cause.object_type) if dataclasses.is_dataclass(cause.object_type) else {}
    return f" It must be {ranges[name]} ({ranges[name].doc})." if name in ranges and str(ranges[name]) else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _known_keys(conf: Path) -> list[str]:
    """Every key a configuration can have, from the option files: `optimizer.lr`, `augmentation.cutout.size`, `seed`."""
    keys = {f.name for f in dataclasses.fields(schema.Config)}
    for path in conf.glob("*/*.yaml"):
        options = OmegaConf.to_container(OmegaConf.load(path))
        if isinstance(options, dict) and path.parent.name not in ("study", "experiment", "hydra", *ELSEWHERE):
            keys.update(_dotted(options, path.parent.name))
    return sorted(keys)


def _dotted(options: dict[Any, Any], prefix: str) -> Iterator[str]:
    for name, value in options.items():
        if name not in ("defaults", "_target_"):
            yield f"{prefix}.{name}"
            if isinstance(value, dict):
                yield from _dotted(value, f"{prefix}.{name}")


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""
