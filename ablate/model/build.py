"""Build the network of a configuration."""

from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import nn

from ablate.data.prepare import Inputs, Prepared


def build_model(config: DictConfig, data: Prepared | Inputs) -> nn.Module:
    """Build the network with the options in `config`, and classes, channels and image size from the data."""
    return instantiate(
        config.model,
        classes=len(data.classes),
        channels=data.channels,
        image_size=data.image_size,
        normalization=instantiate(config.normalization),
        activation=instantiate(config.activation),
    )
