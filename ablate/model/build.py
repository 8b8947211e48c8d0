"""Build the network of a configuration."""

from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from ablate.data.prepare import Inputs, Prepared

# Keys of model=timm and model=torchvision that are about training, and not arguments of the network.
OF_TRAINING = ("freeze", "head_warmup_epochs")


def build_model(config: DictConfig, data: Prepared | Inputs) -> nn.Module:
    """Build the network with the options in `config`, and classes, channels and image size from the data."""
    model: Any = OmegaConf.to_container(config.model, resolve=True)
    return instantiate(
        {key: value for key, value in model.items() if key not in OF_TRAINING},
        classes=len(data.classes),
        channels=data.channels,
        image_size=data.image_size,
        normalization=instantiate(config.normalization),
        activation=instantiate(config.activation),
    )
