"""Check the network of a configuration without training it: its layers, its frozen layers, its pretrained weights."""

import torch
from omegaconf import DictConfig

from ablate.data.prepare import Inputs
from ablate.model import pretrained
from ablate.model.build import build_model, fine_tuning
from ablate.model.freezing import freeze

CLASSES = 10  # stands for the unknown number of classes, which only the head depends on


def check_network(config: DictConfig, channels: int, image_size: int) -> None:
    """Raise the error that building the network of a run would end with.

    The network has no memory for its weights (device `meta`), which takes a tenth of the time. Some networks need
    memory to be built; then, and to find out whether an error is a real one, it is built on the CPU.

    Args:
        config: has the groups `model`, `normalization` and `activation`.
        channels: of an image.
        image_size: height and width of an image, in pixels.
    """
    scale = torch.ones(channels)
    inputs = Inputs(tuple(map(str, range(CLASSES))), channels, image_size, scale, scale)
    with torch.random.fork_rng(devices=[]):
        try:
            _check(config, inputs, "meta")
        except Exception:  # also those of PyTorch about the device
            _check(config, inputs, "cpu")


def _check(config: DictConfig, inputs: Inputs, device: str) -> None:
    with torch.device(device):
        model = build_model(config, inputs)
    freeze(model, fine_tuning(config.model)["freeze"])
    pretrained.check(model, config, inputs)
