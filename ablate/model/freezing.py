"""Freezing: layers of a network that are not trained."""

from collections.abc import Sequence

from torch import nn

from ablate.model.head import head
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

ALL_BUT_HEAD = "all_but_head"


def freeze(model: nn.Module, names: str | Sequence[str] | None) -> list[nn.Module]:
    """Exclude layers from training.

    Args:
        model: the network, changed in place.
        names: prefixes of parameter names, such as `layer1` or `blocks.0`; or `all_but_head`; None freezes nothing.

    Returns:
        The frozen modules. They stay in evaluation mode: without dropout, and batch normalization keeps its statistics.

    Raises:
        InputError: a name fits no parameter, or nothing is left to train.
    """
    if not names:
        return []
    trained = head(model)
    for name, parameter in model.named_parameters():
        frozen = name not in trained if names == ALL_BUT_HEAD else any(_starts(name, prefix) for prefix in names)
        parameter.requires_grad_(parameter.requires_grad and not frozen)
    if names != ALL_BUT_HEAD:
        _check(model, names)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError("model.freeze: no parameter is left to train. Freeze fewer layers.")
    return [module for module in model.modules() if _is_frozen(module)]


def _starts(name: str, prefix: str) -> bool:
    return f"{name}.".startswith(f"{prefix}.")


def _is_frozen(module: nn.Module) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


def _check(model: nn.Module, names: Sequence[str]) -> None:
    """Raise InputError for a name that fits no parameter."""
    known = [name for name, _ in model.named_parameters()]
    for prefix in names:
        if not any(_starts(name, prefix) for name in known):
            paths = [path for path, _ in model.named_modules() if path]
            top = dict.fromkeys(name.partition(".")[0] for name in known)
            near = did_you_mean(prefix, [*paths, *known]) or f" Its layers are {first_few(top, 12)}."
            raise InputError(f"model.freeze: no parameter of the model starts with {prefix}.{near}")
