"""The user's own parts of a training step in a plan: each is called once, before the first run of a study."""

import json
from functools import cache

from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code
from ablate.config.schema.images import CLASSES
from ablate.config.section_cache import SectionCache
from ablate.terminal.errors import InputError

GROUPS = ("normalization", "activation", "augmentation", "optimizer", "schedule", "loss", "trainer")
UNKNOWN = 10  # classes that stand for those of a data set that is not loaded yet


def check_parts(config: DictConfig, cache: SectionCache) -> None:
    """Raise InputError if a part from outside this package cannot be called, or returns something of another type.

    The user's network, images and logger are checked by the run.
    """
    groups = {name: cache.value(config, name) for name in GROUPS}
    if all(str(target).startswith("ablate.") for target in user_code.targets(groups)):
        return
    classes = CLASSES.get(config.data._target_, UNKNOWN)
    if error := _error(json.dumps([groups, classes, user_code.hashes(groups)])):
        raise InputError(error)


@cache
def _error(parts: str) -> str:
    """Why the parts cannot be trained with; empty if they can. Many runs have the same ones."""
    from ablate.training.user_parts import check_user_parts  # imports PyTorch, which takes a while

    groups, classes, _ = json.loads(parts)
    try:
        check_user_parts(OmegaConf.create(groups), classes)
    except InputError as error:
        return str(error)
    return ""
