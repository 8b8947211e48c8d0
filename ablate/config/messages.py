"""Messages for errors of Hydra, OmegaConf and the operating system."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from hydra.errors import HydraException, InstantiationException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError, OmegaConfBaseException

from ablate.config import quoting, schema
from ablate.config.field import ranges
from ablate.config.folder import CONF
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

NEAR = 0.5  # least similarity of a suggestion for a mistyped name
# Folders of `conf/` that are not part of a training configuration -> the command that reads them.
ELSEWHERE = {"rubric": "ablate test --rubric NAME", "submission": "ablate submit --submission NAME"}


def sentence(error: BaseException) -> str:
    """Describe an error in one or two sentences."""
    error = unwrapped(error)
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted before its end."
    # Before OSError: Hydra's error for a missing option is both.
    if isinstance(error, Exception) and is_composition_error(error):
        return _composition_message(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}."
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text} (traceback in the run's train.log, or with --debug)."


def unwrapped(error: BaseException) -> BaseException:
    """Return the original error if Hydra wrapped it while instantiating an option."""
    return unwrapped(error.__cause__) if isinstance(error, InstantiationException) and error.__cause__ else error


def is_composition_error(error: BaseException) -> bool:
    """Return True for errors that Hydra or OmegaConf raise while composing a configuration."""
    return isinstance(error, (HydraException, OmegaConfBaseException))


def _composition_message(error: Exception) -> str:
    """Describe an error raised while composing a configuration."""
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    text = str(error)
    if option := re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", text):
        group, name = option.groups()
        known = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
        return f"{group}={name}: there is no such option.{did_you_mean(name, known, NEAR)} Options: {', '.join(known)}."
    if "is not a subclass of" in text:
        return "Only augmentation accepts a list of options. In a study (-m), write the levels without []."
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            groups = [path.parent.name for path in sorted(CONF.glob("*/*.yaml")) if path.stem == error.override]
            near = [f"{group}={error.override}" for group in groups if group not in ELSEWHERE]
            meant = f" Did you mean {near[0]}?" if near else ""
            return f"{error.override}: an override must have the form key=value.{meant}"
        return f"{error.override}: the value has characters that must be quoted. {quoting.advice(error.override)}"
    if sweep := re.match(r"Ambiguous value for argument '(.*)'\n", text):
        return f"{sweep[1]}: a comma separates values, but one run has one. {quoting.sweep_advice(sweep[1])}"
    if isinstance(cause, OmegaConfBaseException):
        return _omegaconf_message(cause)
    if override := re.search(r"Could not override '([^']+)'", text):
        key = override.group(1)
        if key in ELSEWHERE:
            return f"{key} is not a training option; use {ELSEWHERE[key]}."
        groups = [path.name for path in CONF.iterdir() if path.is_dir() and path.name not in ELSEWHERE]
        return f"{key}: there is no such key or group.{did_you_mean(key, groups + _known_keys(), NEAR)}"
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _omegaconf_message(cause: OmegaConfBaseException) -> str:
    """Describe OmegaConf's error for an invalid key or value."""
    key = re.sub(r"\[\d+\]$", "", str(cause.full_key or ""))
    where = f"{key}: " if key else ""
    if isinstance(cause, GrammarParseError):
        return f"{where}${{ starts a reference to another key, as ${{seed}}, but has no valid end. As text, type \\${{."
    if "Key '" not in str(cause) or "Interpolation" in str(cause):
        return f"{where}{_first_line(cause)}.{_allowed(key, cause)}"
    siblings = dataclasses.fields(cause.object_type) if dataclasses.is_dataclass(cause.object_type) else ()
    parent = key.rpartition(".")[0]
    sibling_keys = [f"{parent}.{f.name}".strip(".") for f in siblings if f.name != "_target_"]
    near = did_you_mean(key, sibling_keys, NEAR) or did_you_mean(
        key, [other for other in _known_keys() if other != key], NEAR
    )
    return f"{where}there is no such key.{near} `ablate train --cfg job` lists all keys."


def _allowed(key: str, cause: OmegaConfBaseException) -> str:
    name = key.rpartition(".")[2]
    allowed = ranges(cause.object_type).get(name) if dataclasses.is_dataclass(cause.object_type) else None
    return f" It must be {allowed} ({allowed.doc})." if allowed and str(allowed) else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _known_keys() -> list[str]:
    """List all keys in the option files, such as `optimizer.lr`, `augmentation.cutout.size` and `seed`."""
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
