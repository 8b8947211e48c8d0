"""What pretrained weights expect of images: in a configuration, `${pretrained:mean}`, `std` and `image_size`."""

from typing import Any

from omegaconf import DictConfig

from ablate.model.pretrained import LIBRARIES
from ablate.terminal.errors import InputError


def expected(key: str, config: DictConfig) -> Any:
    """What the weights of `model.name` expect: mean, std or image_size. Raises InputError for another key or model."""
    if key not in ("mean", "std", "image_size"):
        raise InputError(f"${{pretrained:{key}}} is unknown: it must be pretrained:mean, std or image_size.")
    model = config.model
    name = str(model.get("_target_")).rpartition(".")[2]
    if name not in LIBRARIES:
        raise InputError(f"${{pretrained:{key}}} needs model=timm or model=torchvision.")
    value = getattr(LIBRARIES[name].expected_input(model.name), key)
    return list(value) if isinstance(value, tuple) else value
