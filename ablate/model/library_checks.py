"""Checks of the name of a model of timm or torchvision, and of the arguments that are passed to it."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from torch import nn

from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

FROM_DATA = {"num_classes", "in_chans", "img_size", "image_size", "input_size"}  # arguments that follow from the images
SHARES = ("drop", "prob")  # in the names of arguments that are probabilities
NEVER = {"self", "kwargs", "device", "dtype"}


def check_name(library: str, name: str, known: Collection[str]) -> None:
    """Raise InputError unless the library has a classifier of this name; the message has the nearest one."""
    if name not in known:
        meant = did_you_mean(name, known) or f" It has {len(known)} models, such as {next(iter(known))}."
        raise InputError(f"model.name={name} is not a classifier of {library}.{meant}")


def check_options(title: str, builder: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Raise InputError for an argument that the model does not have, or a probability outside of 0 to 1.

    Args:
        title: name of the model, for messages.
        builder: the library's function that builds it; the classes of its module have the known arguments.
        options: `model.options`.
    """
    known = _arguments(vars(sys.modules[builder.__module__]).values())
    for key, value in options.items():
        if key in FROM_DATA:
            raise InputError(f"model.options.{key} cannot be set: it follows from the images.")
        if key not in known:
            near = did_you_mean(key, known, prefix="model.options.") or f" It has {first_few(sorted(known), 20)}."
            raise InputError(f"model.options.{key}: {title} has no such argument.{near}")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and any(word in key for word in SHARES) and not 0 <= value < 1:
            raise InputError(f"model.options.{key}={value} is not allowed: it must be at least 0 and below 1.")


def _arguments(values: Iterable[Any]) -> set[str]:
    """The arguments of the classifiers among the classes of a module."""
    classes = [value for value in values if isinstance(value, type) and issubclass(value, nn.Module)]
    signatures = [set(inspect.signature(kind.__init__).parameters) for kind in classes]
    return set().union(*(names for names in signatures if "num_classes" in names)) - FROM_DATA - NEVER
