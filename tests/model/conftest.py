"""Fixtures that build models from the option files."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from ablate.config import CONF
from ablate.model.build import FINE_TUNING


def _option(group, name, **keys):
    option = OmegaConf.load(CONF / group / f"{name}.yaml")
    for key in ("defaults", *FINE_TUNING):
        option.pop(key, None)
    return instantiate(option, **keys)


@pytest.fixture
def build():
    """`build("resnet", "batch", channels=1, depth=32)` returns an option of model with other keys, in eval mode."""

    def model(name, normalization="none", activation="relu", **keys):
        common = {"classes": 10, "channels": 3, "image_size": 32}
        parts = {
            "normalization": _option("normalization", normalization),
            "activation": _option("activation", activation),
        }
        return _option("model", name, **common | parts | keys).eval()

    return model


@pytest.fixture
def parameters():
    """Function that counts the parameters of a model."""
    return lambda model: sum(p.numel() for p in model.parameters())
