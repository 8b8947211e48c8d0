"""The optimizers of timm, by name."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

LOOKAHEAD = "lookahead_"


def create(groups: list[dict[str, Any]], name: str, lr: float, options: dict[str, Any]) -> torch.optim.Optimizer:
    """Create an optimizer for groups of parameters.

    Raises:
        InputError: timm or a package that the optimizer needs is missing; there is no optimizer of this name; it needs
            second derivatives; or an option is unknown or out of range.
    """
    from ablate.backend.torchvision import torchvision  # noqa: F401  (timm imports torchvision itself)

    try:
        from timm import optim
    except ModuleNotFoundError as error:
        raise InputError("optimizer=timm needs the package timm. Run: pip install 'hydra-ablate[timm]'") from error
    base, known = name.removeprefix(LOOKAHEAD), [str(each) for each in optim.list_optimizers()]
    if base not in known:
        meant = did_you_mean(base, known) or f" timm has {len(known)} optimizers, such as {known[0]} and lion."
        raise InputError(f"optimizer.name={name}: timm has no such optimizer.{meant}")
    if optim.get_optimizer_info(base).second_order:
        raise InputError(f"optimizer.name={name} needs second derivatives, which the training loop does not compute.")
    try:
        _check_options(name, options, optim.get_optimizer_class(base, bind_defaults=False))
        return optim.create_optimizer_v2(groups, name, lr, **options)
    except (AssertionError, ImportError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"timm refuses optimizer.name={name} with optimizer.options={options}: {reason}.") from error


def _check_options(name: str, options: Mapping[str, Any], kind: Any) -> None:
    """Raise InputError for an option that the class of the optimizer lacks: timm's factory ignores some of these."""
    known = [key for key in inspect.signature(kind).parameters if key not in ("params", "lr", "weight_decay")]
    if unknown := [key for key in options if key not in known]:
        raise InputError(
            f"optimizer.options.{unknown[0]}: optimizer.name={name} has no such argument. It has {', '.join(known)}."
        )


def check(name: str, lr: float, weight_decay: float, options: dict[str, Any]) -> None:
    """Create the optimizer for two small parameters; raises InputError as `create` does."""
    shapes = [(2, 2), (2,)]
    groups = [{"params": [torch.zeros(shape, requires_grad=True)], "weight_decay": weight_decay} for shape in shapes]
    create(groups, name, lr, options)
