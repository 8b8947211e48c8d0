"""The networks of timm and torchvision in a plan: each is checked once, before the first run of a study."""

import json
from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import weights
from ablate.config.messages import sentence
from ablate.config.schema.network import External
from ablate.data.image_shape import image_shape
from ablate.terminal.errors import InputError

GROUPS = ("model", "normalization", "activation")  # that a network is built from


def check_network(config: DictConfig) -> None:
    """Raise InputError if the network of a run cannot be built, or its frozen layers or pretrained weights do not fit.

    Networks of this package are checked with the configuration. Nothing is downloaded. Where the shape of the images
    is only known once they are loaded, the run itself checks.
    """
    if not issubclass(OmegaConf.get_type(config.model) or dict, External):
        return
    if (shape := image_shape(config.data)) is None:
        return
    groups: Any = {name: OmegaConf.to_container(config[name], resolve=True) for name in GROUPS}
    content = weights.hashes({"model": groups["model"]})
    if error := _error(json.dumps([groups, shape, content])):
        raise InputError(error)


@cache
def _error(network: str) -> str:
    """Why a network, with the shape of its images, cannot be trained; empty if it can. Many runs have the same one."""
    from ablate.model.network_check import check_network  # imports PyTorch, which takes a while

    groups, shape, _ = json.loads(network)
    try:
        check_network(OmegaConf.create(groups), *shape)
    except Exception as error:  # as in a run, which would end with this sentence
        return sentence(error)
    return ""
