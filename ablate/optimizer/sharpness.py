"""Gradients at perturbed weights: sharpness-aware minimization."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase


class SharpnessAware(torch.optim.Optimizer):
    """The base class of optimizers whose steps use the gradient at perturbed weights.

    The perturbation e = rho g / |g| leads to the largest loss within the distance rho, to first order in the gradient
    g. If adaptive, the distance of each weight w is relative to its size: e = rho w^2 g / |w g|. The length of g does
    not matter, so that the loss may be scaled.

    Args:
        model: its running statistics of batch normalization are not updated at the perturbed weights.
        rho: norm of the perturbation.
        adaptive: scale the perturbation of each weight by its size.
        arguments: of the base optimizer.
        options: of the base optimizer.

    Source: Foret et al. (2021); adaptive: Kwon et al. (2021).
    """

    def __init__(self, model: nn.Module, rho: float, adaptive: bool, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.model, self.rho, self.adaptive = model, rho, adaptive

    def perturb(self, gradient: Callable[[], object]) -> None:
        """Replace the gradients by those at the perturbed weights.

        Args:
            gradient: adds the gradients at the current weights to those of the parameters.
        """
        parameters: list[Tensor] = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        before = [p.detach().clone() for p in parameters]
        self._ascend(parameters)
        self.zero_grad()
        try:
            with _statistics_kept(self.model):
                gradient()
        finally:
            with torch.no_grad():
                torch._foreach_copy_(parameters, before)

    @torch.no_grad()
    def _ascend(self, parameters: list[Tensor]) -> None:
        """Add the perturbation to the parameters."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        sizes = [p.abs() for p in parameters] if self.adaptive else None
        scaled = torch._foreach_mul(gradients, sizes) if sizes else gradients
        norm = torch.stack(torch._foreach_norm(scaled)).norm()
        directions = torch._foreach_mul(scaled, sizes) if sizes else scaled
        torch._foreach_add_(parameters, list(torch._foreach_mul(directions, self.rho / (norm + 1e-12))))


class SharpnessAwareSGD(SharpnessAware, torch.optim.SGD):
    """SGD with sharpness-aware gradients."""


class SharpnessAwareAdamW(SharpnessAware, torch.optim.AdamW):
    """AdamW with sharpness-aware gradients."""


@contextmanager
def _statistics_kept(model: nn.Module) -> Iterator[None]:
    """Keep the running statistics of normalization layers; they normalize by those of the batch, as in training."""
    layers = [m for m in model.modules() if isinstance(m, _NormBase) and m.track_running_stats]
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True
