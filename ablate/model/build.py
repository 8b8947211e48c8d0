"""The network of a configuration."""

from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import nn

from ablate.data.prepare import Inputs, Prepared


def build_model(config: DictConfig, data: Prepared | Inputs) -> nn.Module:
    """The network: its options from the configuration, its classes, channels and image size from the data."""
    return instantiate(
        config.model,
        classes=len(data.classes),
        channels=data.channels,
        image_size=data.image_size,
        normalization=instantiate(config.normalization),
        activation=instantiate(config.activation),
    )
