"""Build the network of a configuration."""

from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from ablate.data.prepare import Inputs, Prepared
from ablate.terminal.errors import InputError

EXTERNAL = "ablate.model.external."  # targets of model=timm and model=torchvision
# Keys of model=timm and model=torchvision that are about training, and not arguments of the network.
FINE_TUNING = ("weights", "freeze", "head_warmup_epochs")


def build_model(config: DictConfig, data: Prepared | Inputs) -> nn.Module:
    """Build the network with the options in `config`, and classes, channels and image size from the data.

    Raises:
        InputError: the option is user code that returns something else than a network.
    """
    model: Any = OmegaConf.to_container(config.model, resolve=True)
    unused = FINE_TUNING if _is_external(config.model) else ()
    network = instantiate(
        {key: value for key, value in model.items() if key not in unused},
        classes=len(data.classes),
        channels=data.channels,
        image_size=data.image_size,
        normalization=instantiate(config.normalization),
        activation=instantiate(config.activation),
    )
    if not isinstance(network, nn.Module):
        raise InputError(
            f"model._target_={model.get('_target_')} returned {type(network).__name__} instead of a torch.nn.Module"
            f"{' (remove model._partial_)' if model.get('_partial_') else ''}."
        )
    return network


def fine_tuning(model: DictConfig) -> dict[str, Any]:
    """The settings of `FINE_TUNING`; None for a network that has none."""
    return {key: model.get(key) if _is_external(model) else None for key in FINE_TUNING}


def _is_external(model: DictConfig) -> bool:
    return str(model.get("_target_")).startswith(EXTERNAL)
