"""Checks of the name of a model of timm or torchvision, and of the arguments that are passed to it."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from torch import nn

from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

FROM_DATA = {"num_classes", "in_chans", "img_size", "image_size", "input_size"}  # arguments that follow from the images
SHARES = ("drop", "prob")  # in the names of arguments that are probabilities
PLAIN = {bool, int, float, str, list, tuple, dict, NoneType}  # types of values that a configuration has
NEVER = {"self", "kwargs", "device", "dtype"}


def check_name(library: str, name: str, known: Collection[str]) -> None:
    """Raise InputError unless the library has a classifier of this name; the message has the nearest one."""
    if name not in known:
        meant = did_you_mean(name, known) or f" It has {len(known)} models, such as {next(iter(known))}."
        raise InputError(f"model.name={name} is not a classifier of {library}.{meant}")


def check_options(title: str, builder: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Raise InputError for an argument that the model does not have, of another type, or a probability outside 0 to 1.

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
        if not any(_accepts(parameter, value) for parameter in known[key]):
            types = " or ".join(dict.fromkeys(map(_type_name, known[key])))
            raise InputError(f"model.options.{key}={value} is not allowed: {title} expects a value of type {types}.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and any(word in key for word in SHARES) and not 0 <= value < 1:
            raise InputError(f"model.options.{key}={value} is not allowed: it must be at least 0 and below 1.")


def _arguments(values: Iterable[Any]) -> dict[str, list[inspect.Parameter]]:
    """The arguments of the classifiers among the classes of a module, each with its declarations."""
    classes = [value for value in values if isinstance(value, type) and issubclass(value, nn.Module)]
    signatures = [inspect.signature(kind.__init__).parameters for kind in classes]
    arguments: dict[str, list[inspect.Parameter]] = {}
    for parameters in signatures:
        for name, parameter in parameters.items():
            if "num_classes" in parameters and name not in FROM_DATA | NEVER:
                arguments.setdefault(name, []).append(parameter)
    return arguments


def _accepts(parameter: inspect.Parameter, value: Any) -> bool:
    """False for text where a number is declared, and the like.

    Where a library declares no type, that of its default value counts. Numbers of all kinds are interchangeable, since
    libraries declare an int where they take a float; so are a number and a list, such as height and width.
    """
    kinds = _kinds(_type(parameter))
    if not kinds or value is None or isinstance(value, type(parameter.default)):
        return True
    lists = {list, tuple}
    fitting = {bool, int, float} | lists if isinstance(value, int | float) else {type(value)}
    return bool(kinds & ({int} | lists if isinstance(value, list) else fitting))


def _type(parameter: inspect.Parameter) -> Any:
    """The declared type of an argument, else that of its default value."""
    declared = parameter.annotation is not inspect.Parameter.empty
    return parameter.annotation if declared else type(parameter.default)


def _kinds(kind: Any) -> set[type]:
    """The types of plain values that a declared type allows; none if it also allows others, such as a class."""
    if isinstance(kind, type) and kind in PLAIN:
        return {kind}
    origin = get_origin(kind)
    if origin in (list, tuple, dict, Sequence):
        return {list, tuple} if origin is Sequence else {origin}
    if origin in (Union, UnionType):
        parts = [_kinds(part) for part in get_args(kind)]
        return set().union(*parts) if all(parts) else set()
    return set()


def _type_name(parameter: inspect.Parameter) -> str:
    """The name of this type as Python writes it, such as `float` or `Optional[int]`."""
    kind = _type(parameter)
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind).replace("typing.", "")
