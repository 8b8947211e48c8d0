"""The overrides of a study: those of its file, `hydra.sweeper.params`, then those of the command line."""

from collections.abc import Iterable, Mapping
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from ablate.study import factors
from ablate.study.composer import PlanLoader
from ablate.study.level import level_text
from ablate.terminal.errors import InputError


def read(loader: PlanLoader, params: Mapping[str, Any], arguments: Iterable[str]) -> list[Override]:
    """Parse the overrides of a study. One on the command line may replace one of the file.

    Raises:
        InputError: an override on the command line cancels a sweep on the command line.
        HydraException: an override cannot be parsed.
    """
    typed = loader.parse(list(arguments))
    swept: dict[str, Override] = {}
    for override in typed:
        key = factors.name_of(override)
        if key in swept:
            raise InputError(
                f"{swept[key].input_line} and {override.input_line} both set {key}, so only the second would count."
                " Remove one of them."
            )
        if override.is_sweep_override():
            swept[key] = override
    return [*loader.parse([word(key, value) for key, value in params.items()]), *typed]


def word(key: str, value: Any) -> str:
    """Convert an entry of `hydra.sweeper.params` to an override.

    Text is written as on the command line: `mlp,cnn` are two levels. A list is one value, except for the seeds.
    """
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    if key.startswith("~") and value is None:
        return key
    if key.lstrip("+") == "seed" and isinstance(value, list):
        return f"{key}={','.join(map(level_text, value))}"
    if "." not in key and isinstance(value, list) and any(isinstance(item, list) for item in value):
        levels = ",".join(map(level_text, value))
        raise InputError(f"hydra.sweeper.params.{key} is a list of lists. Write its levels as text: {key}: '{levels}'")
    return f"{key}={level_text(value)}"
