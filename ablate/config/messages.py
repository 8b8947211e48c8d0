"""Messages for errors of Hydra, OmegaConf and the operating system."""

import dataclasses
import errno
import os
import re
import traceback
from pathlib import Path

import hydra
from hydra.errors import HydraException, InstantiationException, OverrideParseException
from omegaconf.errors import GrammarParseError, OmegaConfBaseException
from yaml import YAMLError

from ablate.config import quoting
from ablate.config.field import ranges
from ablate.config.folder import CONF
from ablate.config.suggestion import ELSEWHERE, suggestion
from ablate.terminal.errors import UserError, described
from ablate.terminal.text import did_you_mean

# The form of settings of a study file that are not plain values.
FORMS = {
    "study.bundles": "{factor: {level: [key=value, ...], ...}}",
    "study.exclude": "[{factor: level, ...}, ...]",
    "hydra.sweeper.params": "{key: levels, ...}",
}
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)  # of a file that may not be written
COMPOSING = Path(hydra.__file__).parent  # of the package whose errors are about the configuration
NEAR = 0.5  # least similarity of a suggestion for a mistyped option


def sentence(error: BaseException) -> str:
    """Describe an error in one or two sentences."""
    error = unwrapped(error)
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted before its end."
    # Before OSError: Hydra's error for a missing option is both.
    if isinstance(error, Exception) and is_composition_error(error):
        return _composition_message(error)
    if isinstance(error, OSError):
        return of_system(error)
    return f"{described(error)} (traceback in the run's train.log, or with --debug)."


def of_system(error: OSError) -> str:
    """Describe an error of the operating system: the folder in which nothing can be written, else the file."""
    if isinstance(error.filename, str) and error.errno in DENIED:
        path = Path(error.filename)
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        is_to_write = not path.exists() or (os.access(path, os.R_OK) and not os.access(path, os.W_OK))
        if is_to_write and not os.access(folder, os.W_OK):
            shown = os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else folder
            return (
                f"The folder {shown} is not writable ({error.strerror}). Change its permissions, or copy what is needed"
                " to a folder of yours and run the command there."
            )
    return f"{error.filename or 'A file'}: {error.strerror or error}."


def unwrapped(error: BaseException) -> BaseException:
    """Return the original error if Hydra wrapped it while instantiating an option, or OmegaConf in a resolver."""
    cause = error.__cause__
    wraps = isinstance(error, InstantiationException) or isinstance(cause, UserError)
    return unwrapped(cause) if cause and wraps else error


def is_composition_error(error: BaseException) -> bool:
    """Return True for errors that Hydra, OmegaConf or YAML raise while composing a configuration."""
    if isinstance(error, (HydraException, OmegaConfBaseException, YAMLError)):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1:]  # Hydra also raises ValueError and AssertionError
    return any(COMPOSING in Path(frame.filename).parents for frame in last) and not isinstance(error, OSError)


def _composition_message(error: Exception) -> str:
    """Describe an error raised while composing a configuration."""
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    text = str(error)
    if option := re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", text):
        group, name = option.groups()
        known = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
        return f"{group}={name}: there is no such option.{did_you_mean(name, known, NEAR)} Options: {', '.join(known)}."
    if sweep := re.match(r"Sweep parameters '(.*)' requires", text):
        return f"{sweep[1]} is a sweep, which only a study has. Add -m to train each level."
    if "is not a subclass of" in text:
        return "Only augmentation accepts a list of options. In a study (-m), write the levels without []."
    if "Config group override must be" in text:
        return "The value of a config group must be the name of an option. `ablate train --help` lists the options."
    if file := re.match(r"In '([^']+)': \w+ raised while composing config:\n", text):
        return _file_message(file[1], text)
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
        known_groups = [path.name for path in CONF.iterdir() if path.is_dir() and path.name not in ELSEWHERE]
        instead = did_you_mean(key, known_groups, NEAR) or suggestion(key, [])
        return f"{key}: there is no such key or group.{instead} `ablate train --help` lists them."
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _file_message(name: str, text: str) -> str:
    """Describe a setting of an option file that has the wrong type, from the lines of OmegaConf's message."""
    problem = text.splitlines()[1].rstrip(".")
    key = next((line.split(": ")[1] for line in text.splitlines() if line.strip().startswith("full_key: ")), "")
    unknown = "." not in key and name.startswith("study/")  # OmegaConf does not always name the key
    forms = [f"{start}: {form}" for start, form in FORMS.items() if unknown or key.startswith(start)]
    advice = f" The form is {', '.join(forms)}." if forms else ""
    if "incompatible with key type" in problem:
        advice = " Put the name in quotes; YAML reads on, off, yes, no, null and numbers as other types."
    where = f"{name}.yaml, {key}" if "." in key else f"{name}.yaml"
    return f"{where}: {problem}.{advice}"


def _omegaconf_message(cause: OmegaConfBaseException) -> str:
    """Describe OmegaConf's error for an invalid key or value."""
    key = re.sub(r"\[\d+\]$", "", str(cause.full_key or ""))
    where = f"{key}: " if key else ""
    if isinstance(cause, GrammarParseError):
        return f"{where}${{ starts a reference to another key, as ${{seed}}, but has no valid end. As text, type \\${{."
    if "Key '" not in str(cause) or "Interpolation" in str(cause):
        levels = " Write the levels of a sweep without brackets: a,b." if "of type 'list'" in str(cause) else ""
        problem = "null is not allowed" if "is not Optional" in str(cause) else _first_line(cause)
        return f"{where}{problem}.{_allowed(key, cause)}{levels}"
    kind = cause.object_type
    siblings = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    return f"{where}there is no such key.{suggestion(key, siblings)}"


def _allowed(key: str, cause: OmegaConfBaseException) -> str:
    name = key.rpartition(".")[2]
    allowed = ranges(cause.object_type).get(name) if dataclasses.is_dataclass(cause.object_type) else None
    return f" It must be {allowed} ({allowed.doc})." if allowed and str(allowed) else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
