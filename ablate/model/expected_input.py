"""What pretrained weights expect of images: in a configuration, `${pretrained:mean}`, `std` and `image_size`."""

from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from ablate.terminal.errors import InputError


@dataclass(frozen=True)
class ExpectedInput:
    """Mean and standard deviation of each channel, for pixels in [0, 1], and height and width in pixels."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int


def value(key: str, model: DictConfig) -> Any:
    """The value of `${pretrained:KEY}` in a configuration with this `model` group.

    Raises:
        InputError: the key is unknown, or the model has no pretrained weights.
    """
    from ablate.model.pretrained import LIBRARIES  # imports PyTorch, which takes a while

    if key not in ("mean", "std", "image_size"):
        raise InputError(f"${{pretrained:{key}}} is unknown: it must be pretrained:mean, std or image_size.")
    name = str(model.get("_target_")).rpartition(".")[2]
    if name not in LIBRARIES:
        raise InputError(f"${{pretrained:{key}}} needs model=timm or model=torchvision.")
    expected = getattr(LIBRARIES[name].expected_input(model.name), key)
    return list(expected) if isinstance(expected, tuple) else expected
