"""The number of class weights against the class folders of an image folder, before the first run of a study."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ablate.config.schema.images import ImageFolder
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural


def check_class_weights(config: DictConfig) -> None:
    """Raise InputError if a list of class weights has another length than the image folder has classes.

    Built-in data sets are checked with the configuration, other sources when their images are loaded.
    """
    weights = config.loss.get("class_weights")
    if not OmegaConf.is_list(weights) or OmegaConf.get_type(config.data) is not ImageFolder:
        return
    folder = Path(config.data.root).expanduser() / "train"
    if not folder.is_dir():  # reported when the images are loaded
        return
    from ablate.data.walk import entries  # imports PyTorch

    classes = sum(entry.is_dir() for entry in entries(folder))
    if len(weights) != classes:
        raise InputError(
            f"loss.class_weights has {plural(len(weights), 'weight')}, but {folder} has {classes} classes."
        )
