"""Compose the configuration of `ablate data` from the overrides of `ablate train`, without running Hydra's main."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config import CONF, Chosen, register, validate
from ablate.config.quoting import refuse_undecodable
from ablate.config.schema.images import ImageFiles, ImageFolder
from ablate.terminal.errors import InputError

GROUP = "augmentation"


@dataclass(frozen=True)
class Composition:
    """A validated configuration.

    config         the configuration of the run
    name           name of the data set
    augmentations  every option of `augmentation`: {option: its steps}
    folder         where the output files are written
    """

    config: DictConfig
    name: str
    augmentations: Mapping[str, DictConfig]
    folder: Path


def compose_data(overrides: Sequence[str], config_dir: Path | None = None) -> Composition:
    """Compose and validate a configuration.

    Args:
        overrides: Hydra overrides, as for `ablate train`.
        config_dir: a folder with additional options.

    Raises:
        InputError: the configuration is invalid.
        HydraException, OmegaConfBaseException: it cannot be composed.
    """
    register()
    refuse_undecodable(overrides)
    if config_dir and not config_dir.is_dir():
        raise InputError(f"--config-dir {config_dir}: the folder does not exist.")
    quoted = str(config_dir.absolute()).replace("'", "\\'") if config_dir else None
    search_path = [f"hydra.searchpath=['file://{quoted}']"] if quoted else []
    with initialize_config_dir(str(CONF), job_name="data", version_base="1.3"):
        config = compose("config", [*search_path, *overrides], return_hydra_config=True)
        loader = GlobalHydra.instance().config_loader()
        names = loader.get_group_options(GROUP, config_name="config", overrides=search_path)
        options = compose(None, [*search_path, *(f"+{GROUP}@{name}={name}" for name in names)])  # one key per option
    with open_dict(config):
        settings = config.pop("hydra")
    validate(config, Chosen.of(settings))
    name = data_name(config.data, str(settings.runtime.choices.data))
    run_dir_is_set = any(override.startswith("hydra.run.dir=") for override in settings.overrides.hydra)
    folder = Path(settings.run.dir) if run_dir_is_set else Path("outputs", "data", name)
    return Composition(config, name, {option: options[option] for option in names}, folder)


def data_name(data: DictConfig, option: str) -> str:
    """Name of a data set: its option and, for the user's image files, the name of their folder."""
    kind = OmegaConf.get_type(data)
    if kind is None or not issubclass(kind, ImageFiles):
        return option
    return f"{option}-{Path(data.root or data.name).expanduser().resolve().name}"


def is_image_folder(data: DictConfig) -> bool:
    """True if the images are files in a folder of the user."""
    return OmegaConf.get_type(data) is ImageFolder
