"""From the words of `ablate train` to its configuration, without Hydra's own main."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config import CONF, Chosen, register, validate
from ablate.config.schema.images import ImageFolder
from ablate.terminal.errors import InputError

GROUP = "augmentation"


@dataclass(frozen=True)
class Asked:
    """A configuration, checked, and the name of its data set; the steps of every option of `augmentation`; a folder."""

    config: DictConfig
    name: str
    augmentations: Mapping[str, DictConfig]
    folder: Path


def composed(words: Sequence[str], config_dir: Path | None = None) -> Asked:
    """What Hydra composes from the words, with options from `config_dir` too.

    Raises:
        InputError: it could not be trained.
        HydraException, OmegaConfBaseException: it cannot be composed.
    """
    register()
    if config_dir and not config_dir.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder.")
    place = str(config_dir.absolute()).replace("'", "\\'") if config_dir else None
    path = [f"hydra.searchpath=['file://{place}']"] if place else []
    with initialize_config_dir(str(CONF), job_name="data", version_base="1.3"):
        config = compose("config", [*path, *words], return_hydra_config=True)
        names = GlobalHydra.instance().config_loader().get_group_options(GROUP, config_name="config", overrides=path)
        options = compose(None, [*path, *(f"+{GROUP}@{name}={name}" for name in names)])  # each in a key of its own
    with open_dict(config):
        settings = config.pop("hydra")
    validate(config, Chosen.of(settings))
    name = named(config.data, str(settings.runtime.choices.data))
    asked_for = any(word.startswith("hydra.run.dir=") for word in settings.overrides.hydra)
    folder = Path(settings.run.dir) if asked_for else Path("outputs", "data", name)
    return Asked(config, name, {option: options[option] for option in names}, folder)


def named(data: DictConfig, option: str) -> str:
    """The name of a data set: its option and, for images of your own, their folder."""
    own = Path(data.root).expanduser().resolve().name if of_files(data) else ""
    return f"{option}-{own}" if own else option


def of_files(data: DictConfig) -> bool:
    """True if the images are files of the user's own."""
    return OmegaConf.get_type(data) is ImageFolder
