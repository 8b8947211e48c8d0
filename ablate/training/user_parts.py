"""Parts of a training step from code outside this package: whether each returns what the step needs.

Each part is built and called once with made-up input, apart from those that are trained. Only the types of what it
returns and its arguments are checked. Other errors of the code are left to the run, with its real input.
"""

import traceback
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import hydra
import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from ablate.config import returned
from ablate.config.messages import unwrapped
from ablate.loss import Distillation
from ablate.terminal.errors import InputError
from ablate.training.class_weights import loss_with

GROUPS = ("normalization", "activation", "optimizer", "schedule", "loss")
IMAGES, SIZE, CHANNELS = 4, 32, 16  # of the made-up input
# Files of the frames of a call that has not entered the user's code.
CALLERS = (Path(hydra.__file__).parent, Path(nn.modules.__file__).parent, Path(__file__).parent)


class Kind(NamedTuple):
    """What a call must return, in words, and whether a value is that."""

    expected: str
    fits: Callable[[Any], bool]


MODULE = Kind("a torch.nn.Module", lambda value: isinstance(value, nn.Module))
BUILT = {
    "normalization": Kind(
        "an object with maps, vectors, tokens and conv, such as ablate.normalization.Normalization",
        lambda value: all(hasattr(value, name) for name in ("maps", "vectors", "conv")),
    ),
    "activation": Kind(
        "a function that creates a torch.nn.Module",
        lambda value: callable(value) and not isinstance(value, nn.Module),
    ),
    "optimizer": Kind("a torch.optim.Optimizer", lambda value: isinstance(value, torch.optim.Optimizer)),
    "schedule": Kind("a function from a step to a factor on the learning rate", callable),
    "loss": Kind("a function of logits and class probabilities", callable),
    "augmentation": Kind(
        "a step with the methods draw and __call__", lambda value: hasattr(value, "draw") and callable(value)
    ),
}
FACTOR = Kind("a number", lambda value: isinstance(value, Real) or (isinstance(value, Tensor) and value.numel() == 1))
LOSS = Kind(
    "a tensor with one number, which has a gradient",
    lambda value: isinstance(value, Tensor) and value.ndim == 0 and value.requires_grad,
)
DRAWS = Kind(
    f"an array of shape ({IMAGES}, k), the random numbers of {IMAGES} images",
    lambda value: isinstance(value, np.ndarray) and value.shape[:1] == (IMAGES,),
)
AUGMENTED = Kind(
    "a tuple of images and targets",
    lambda value: isinstance(value, (tuple, list)) and [isinstance(each, Tensor) for each in value] == [True, True],
)


def check_user_parts(config: DictConfig, classes: int) -> None:
    """Raise InputError if a part of a training step cannot be called, or returns something of another type.

    Parts of this package in their own group are not called.

    Args:
        config: of a run.
        classes: number of classes.
    """
    for key, settings in user_parts(config).items():
        with torch.random.fork_rng(devices=[]):
            Probe(key, settings).check(config, classes)


def user_parts(config: DictConfig) -> dict[str, Any]:
    """{key: settings} of the parts whose `_target_` is not in the module of their group in this package."""
    parts = {group: config[group] for group in GROUPS}
    parts |= {f"augmentation.{name}": step for name, step in config.augmentation.items()}
    return {
        key: settings
        for key, settings in parts.items()
        if not str(settings.get("_target_")).startswith(f"ablate.{key.partition('.')[0]}.")
    }


class Probe(NamedTuple):
    """Calls a part, and raises InputError if it has the wrong arguments or type."""

    key: str
    settings: DictConfig

    def check(self, config: DictConfig, classes: int) -> None:
        """Build the part as `training.parts.build` does, and call it."""
        group = self.key.partition(".")[0]
        part = self.call("", BUILT[group], lambda: self.build(group, config, classes))
        if part is None:
            return
        logits, targets = torch.zeros(IMAGES, classes, requires_grad=True), torch.eye(classes)[[0] * IMAGES]
        if group == "normalization":
            self.call("maps(channels)", MODULE, lambda: part.maps(CHANNELS))
            self.call("vectors(channels)", MODULE, lambda: part.vectors(CHANNELS))
        elif group == "activation":
            self.call("the function", MODULE, part)
        elif group == "schedule":
            self.call("the function of a step", FACTOR, lambda: part(0))
        elif group == "loss":
            taught = (logits.detach(),) if isinstance(part, Distillation) else ()
            self.call("the function of logits and class probabilities", LOSS, lambda: part(logits, targets, *taught))
        elif group == "augmentation":
            draws = self.call("draw(n, rng)", DRAWS, lambda: part.draw(IMAGES, np.random.default_rng(0)))
            images = torch.zeros(IMAGES, 3, SIZE, SIZE, dtype=torch.uint8)
            if draws is not None:
                step = "__call__(images, targets, draws)"
                self.call(step, AUGMENTED, lambda: part(images, targets, torch.from_numpy(draws)))

    def build(self, group: str, config: DictConfig, classes: int) -> Any:
        """Call the `_target_`."""
        if group == "optimizer":
            return instantiate(self.settings, model=nn.Linear(CHANNELS, classes))
        if group == "schedule":
            return instantiate(self.settings, epochs=config.trainer.epochs, steps_per_epoch=IMAGES)
        if group == "loss":
            weighted = self.settings.get("class_weights") is not None
            return loss_with(self.settings, torch.ones(classes) if weighted else None)
        return instantiate(self.settings)

    def call(self, name: str, kind: Kind, function: Callable[[], Any]) -> Any:
        """What the function returns; None after an error inside the user's code, which the run will report.

        Args:
            name: of the function; empty: the `_target_`.
            kind: of its return value.
            function: without arguments.
        """
        target = self.settings.get("_target_")
        try:
            value = function()
        except (Exception, SystemExit) as error:  # sys.exit in a part must not end the plan
            cause = unwrapped(error)
            if isinstance(cause, TypeError) and not _entered(cause):
                where = f"{self.key}._target_={target}{': ' if name else ''}{name}"
                arguments = "the keys and arguments of its group" if not name else "these arguments"
                raise InputError(
                    f"{where} cannot be called with {arguments} ({cause}). It must return {kind.expected}."
                ) from error
            return None
        if not kind.fits(value):
            raise returned.error(self.key, target, value, kind.expected, name)
        return value


def _entered(error: BaseException) -> bool:
    """Whether an error was raised inside a function that Hydra or this package called, and not by the call of it."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    return any(not set(CALLERS) & set(file.parents) for file in files)
