"""From the words of `ablate train` to its configuration, without Hydra's own main."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config import CONF, register, validate
from ablate.config.schema.images import ImageFolder
from ablate.errors import InputError

GROUP = "augmentation"


@dataclass(frozen=True)
class Asked:
    """A configuration, checked; the steps of every option of `augmentation`; the folder to write to."""

    config: DictConfig
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
        loader = GlobalHydra.instance().config_loader()  # type: ignore[no-untyped-call]
        names = loader.get_group_options(GROUP)
        options = compose(None, [*path, *(f"+{GROUP}@{name}={name}" for name in names)])  # each in a key of its own
    with open_dict(config):
        settings = config.pop("hydra")
    validate(config)
    asked_for = any(word.startswith("hydra.run.dir=") for word in settings.overrides.hydra)
    folder = Path(settings.run.dir) if asked_for else default(config.data, str(settings.runtime.choices.data))
    return Asked(config, {name: options[name] for name in names}, folder)


def default(data: DictConfig, option: str) -> Path:
    """The folder for a data set: named after its option and, for your own images, their folder."""
    own = [Path(data.root).expanduser().resolve().name] if of_files(data) else []
    return Path("outputs", "data", "-".join(filter(None, [option, *own])))


def of_files(data: DictConfig) -> bool:
    """True if the images are files of the user's own."""
    return OmegaConf.get_type(data) is ImageFolder
