"""Errors of Hydra, OmegaConf and the operating system as one or two plain sentences."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from hydra.errors import HydraException, InstantiationException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config import schema
from ablate.config.field import ranges
from ablate.config.folder import CONF
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

NEAR = 0.5  # similarity from which a known name is suggested for a mistyped one
# Folders of `conf/` that another verb reads.
ELSEWHERE = {"rubric": "ablate test --rubric NAME", "submission": "ablate submit --submission NAME"}


def sentence(error: BaseException) -> str:
    """What went wrong, in one or two sentences."""
    error = unwrapped(error)
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, Exception) and is_composition_error(
        error
    ):  # before OSError: Hydra's error of a missing option is both
        return _plain(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}."
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said} (a traceback is in the run's train.log, or comes with --debug)."


def unwrapped(error: BaseException) -> BaseException:
    """The error of a part, which Hydra wraps in one of its own where it builds the part."""
    return unwrapped(error.__cause__) if isinstance(error, InstantiationException) and error.__cause__ else error


def is_composition_error(error: BaseException) -> bool:
    """True for what Hydra or OmegaConf raise while they compose a configuration."""
    return isinstance(error, (HydraException, OmegaConfBaseException))


def _plain(error: Exception) -> str:
    """One or two sentences for an error raised while Hydra composed a configuration."""
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    text = str(error)
    if option := re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", text):
        group, name = option.groups()
        known = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
        return f"{group}={name}: there is no such option.{did_you_mean(name, known, NEAR)} Options: {', '.join(known)}."
    if "is not a subclass of" in text:
        return (
            "A group was given a list of options; only augmentation takes one. In a study (-m) write them without []."
        )
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            groups = [path.parent.name for path in sorted(CONF.glob("*/*.yaml")) if path.stem == error.override]
            near = [f"{group}={error.override}" for group in groups if group not in ELSEWHERE]
            return f"{error.override}: a word is key=value.{f' Did you mean {near[0]}?' if near else ''}"
        return (
            f"{error.override}: {_first_line(error)}. Lists are written [a,b]; quote what the shell would read itself."
        )
    if isinstance(cause, OmegaConfBaseException):
        return _refusal(cause)
    if override := re.search(r"Could not override '([^']+)'", text):
        key = override.group(1)
        if key in ELSEWHERE:
            return f"{key} is no part of a training; it is for {ELSEWHERE[key]}."
        groups = [path.name for path in CONF.iterdir() if path.is_dir() and path.name not in ELSEWHERE]
        return f"{key}: there is no such key or group.{did_you_mean(key, groups + _known_keys(), NEAR)}"
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _refusal(cause: OmegaConfBaseException) -> str:
    """OmegaConf's refusal of a key or a value."""
    key = re.sub(r"\[\d+\]$", "", str(cause.full_key or ""))
    where = f"{key}: " if key else ""
    if "Key '" not in str(cause) or "Interpolation" in str(cause):
        return f"{where}{_first_line(cause)}.{_allowed(key, cause)}"
    siblings = dataclasses.fields(cause.object_type) if dataclasses.is_dataclass(cause.object_type) else ()
    parent = key.rpartition(".")[0]
    own = [f"{parent}.{f.name}".strip(".") for f in siblings if f.name != "_target_"]
    near = did_you_mean(key, own, NEAR) or did_you_mean(key, [known for known in _known_keys() if known != key], NEAR)
    return f"{where}there is no such key.{near} `ablate train --cfg job` shows all."


def _allowed(key: str, cause: OmegaConfBaseException) -> str:
    name = key.rpartition(".")[2]
    allowed = ranges(cause.object_type).get(name) if dataclasses.is_dataclass(cause.object_type) else None
    return f" It must be {allowed} ({allowed.doc})." if allowed and str(allowed) else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _known_keys() -> list[str]:
    """Every key a configuration can have, from the option files: `optimizer.lr`, `augmentation.cutout.size`, `seed`."""
    keys = {f.name for f in dataclasses.fields(schema.Config)}
    for path in CONF.glob("*/*.yaml"):
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
