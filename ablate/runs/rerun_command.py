"""The command that retrains a single run, on any machine and from any folder."""

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from ablate.config.folder import CONF
from ablate.config.trust import PLAIN
from ablate.runs import options
from ablate.runs.config_hash import NOT_TRAINED

PRIMARY = "config"  # name of the primary configuration of this package
KEY = re.compile(r"([+~]*)([^=]*)=")


def rerun_command(overrides: Iterable[str], flags: Iterable[str] = ()) -> str:
    """Build the shell command from overrides, without those of the study, and Hydra flags."""
    words = [word for word in overrides if not word.lstrip("+~").startswith("study.")]
    single = ["hydra.mode=RUN"] if any(word.lstrip("+").startswith("study=") for word in words) else []
    return shlex.join(["ablate", "train", *flags, *words, *single])


def flags_of(hydra: Any) -> list[str]:
    """Return the flags for the user's option files in the run folder and for another primary configuration."""
    replaced = not any(Path(source.path) == CONF for source in hydra.runtime.config_sources)  # by --config-path
    flag = "--config-path" if replaced else "--config-dir"
    folder = [flag, options.FOLDER] if options.files(hydra) else []
    name = ["--config-name", hydra.job.config_name] if hydra.job.config_name != PRIMARY else []
    return [*folder, *name]


def search_path(hydra: Any) -> list[str]:
    """Return the override that adds the user's packages to Hydra's search path."""
    added = [source for source in hydra.runtime.config_sources if source.provider.startswith("hydra.searchpath")]
    packages = [f"pkg://{source.path}" for source in added if source.schema == "pkg"]
    return [f"hydra.searchpath=[{','.join(packages)}]"] if packages else []


def resolved_overrides(config: DictConfig, hydra: Any) -> list[str]:
    """Replace interpolations in the overrides by their values; append an override for each interpolation in a file."""
    overrides: Any = OmegaConf.to_container(hydra.overrides.task, resolve=False)
    words = [_resolved(config, word, hydra.runtime.choices) if "${" in word else word for word in overrides]
    overridden = {match[2] for word in overrides if "${" in word and (match := KEY.match(word))}
    read = [key for key in _reading(config) if key not in overridden and key != "data.root"]
    return [*words, *(f"{key}={literal(_value(config, key))}" for key in read)]


def _resolved(config: DictConfig, word: str, choices: Any) -> str:
    match = KEY.match(word)
    if not match:
        return word
    prefix, key = match.groups()
    value = choices[key] if key in choices else literal(_value(config, key))
    return f"{prefix}{key}={value}"


def _value(config: DictConfig, key: str) -> Any:
    value = OmegaConf.select(config, key)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _reading(config: DictConfig) -> Iterator[str]:
    """Keys of the values with interpolations that read more than the configuration."""

    def keys(node: Any, prefix: str) -> Iterator[str]:
        for name, value in node.items():
            if isinstance(value, dict):
                yield from keys(value, f"{prefix}{name}.")
            elif "${" in PLAIN.sub("", str(value)):
                yield f"{prefix}{name}"

    content: Any = OmegaConf.to_container(config, resolve=False)
    return keys({name: value for name, value in content.items() if name not in NOT_TRAINED}, "")


def literal(value: Any) -> str:
    """Write a plain value in Hydra's override grammar."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(literal, value)) + "]"
    return QuotedString(value, Quote.single).with_quotes() if isinstance(value, str) else str(value).lower()
