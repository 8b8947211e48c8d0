"""Activation functions. Each option returns a factory, since a model needs a new module at every position."""

from collections.abc import Callable
from functools import partial

from torch import nn

from ablate.terminal.errors import InputError

Activation = Callable[[], nn.Module]


def relu() -> Activation:
    """max(x, 0) (Nair & Hinton 2010)."""
    return nn.ReLU


def leaky_relu(negative_slope: float) -> Activation:
    """max(x, 0) + negative_slope * min(x, 0) (Maas et al. 2013)."""
    return partial(nn.LeakyReLU, negative_slope)


def gelu() -> Activation:
    """x * Phi(x), where Phi is the standard normal distribution function (Hendrycks & Gimpel 2016)."""
    return nn.GELU


def silu() -> Activation:
    """x * sigmoid(x), also called swish (Elfwing et al. 2018)."""
    return nn.SiLU


def mish() -> Activation:
    """x * tanh(softplus(x)) (Misra 2020)."""
    return nn.Mish


def native() -> Activation:
    """Keep the activation functions of a model of timm or torchvision."""
    return Native


class Native(nn.Module):
    """Stands for the layers that a model has already; InputError where a model asks for a layer."""

    def __init__(self) -> None:
        raise InputError("activation=native keeps the layers of a model of timm or torchvision. Choose an activation.")
