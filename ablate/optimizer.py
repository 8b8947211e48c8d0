"""Optimisers; by default norms and biases are not decayed. Each takes the model and returns a torch optimiser."""

from typing import Any

import torch
from torch import Tensor, nn

from ablate.compiler import keep_out

for kind in (torch.optim.Optimizer, torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
    keep_out(kind)


def sgd(model: nn.Module, momentum: float, nesterov: bool, **options: Any) -> torch.optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    groups, lr = _groups(model, **options)
    return torch.optim.SGD(groups, lr, momentum, nesterov=nesterov)


def adam(model: nn.Module, betas: list[float], eps: float, **options: Any) -> torch.optim.Optimizer:
    """Adam, weight decay as an L2 penalty (Kingma & Ba 2015)."""
    groups, lr = _groups(model, **options)
    return torch.optim.Adam(groups, lr, (betas[0], betas[1]), eps)


def adamw(model: nn.Module, betas: list[float], eps: float, **options: Any) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""
    groups, lr = _groups(model, **options)
    return torch.optim.AdamW(groups, lr, (betas[0], betas[1]), eps)


def rmsprop(model: nn.Module, alpha: float, momentum: float, eps: float, **options: Any) -> torch.optim.Optimizer:
    """RMSprop (Hinton 2012, lecture 6e)."""
    groups, lr = _groups(model, **options)
    return torch.optim.RMSprop(groups, lr, alpha, eps, momentum=momentum)


def _groups(
    model: nn.Module, lr: float, weight_decay: float, decay_norm_and_bias: bool
) -> tuple[list[dict[str, Any]], float]:
    """Parameter groups with their weight decay: matrices and filters, then vectors (norms, biases); and the rate."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": weight_decay * decay_norm_and_bias},
    ]
    return [group for group in groups if group["params"]], lr


def muon(
    model: nn.Module, companion_lr: float, momentum: float, nesterov: bool, ns_steps: int, **options: Any
) -> "Muon":
    """Muon for matrices and filters, AdamW for vectors and the classifier (Jordan et al. 2024)."""
    groups, lr = _groups(model, **options)
    # The last matrix is the classifier, whose rows are classes: Jordan et al. leave it to the companion.
    matrices = [group for group in groups if group["params"][0].ndim > 1]
    classifier = {**matrices[0], "params": [matrices[0]["params"].pop()]}
    companions = [classifier, *(group for group in groups if group["params"] and group["params"][0].ndim <= 1)]
    return Muon([g for g in matrices if g["params"]], companions, lr, companion_lr, momentum, nesterov, ns_steps)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal by a Newton-Schulz iteration; filters count as matrices, a row each.

    torch.optim.Muon takes matrices only, and no other parameters beside them: this one holds both, so that a schedule
    and a checkpoint see a single optimiser.
    """

    def __init__(
        self,
        matrices: list[dict[str, Any]],
        companions: list[dict[str, Any]],
        lr: float,
        companion_lr: float,
        momentum: float,
        nesterov: bool,
        ns_steps: int,
    ) -> None:
        muon = {"momentum": momentum, "nesterov": nesterov, "ns_steps": ns_steps}
        groups = [{**group, **muon, "lr": lr, "orthogonal": True} for group in matrices]
        groups += [{**group, "lr": companion_lr, "orthogonal": False} for group in companions]
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # nothing here re-evaluates a loss
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            update = self._orthogonal if group["orthogonal"] else self._adamw
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update(parameter.grad, self.state[parameter], group), alpha=-group["lr"])

    @staticmethod
    def _orthogonal(gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> Tensor:
        average = state.setdefault("momentum", torch.zeros_like(gradient))
        average.lerp_(gradient, 1 - group["momentum"])
        update = gradient.lerp(average, group["momentum"]) if group["nesterov"] else average
        matrix = orthogonalise(update.flatten(1), group["ns_steps"])
        return (matrix * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5).view_as(gradient)

    @staticmethod
    def _adamw(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
        beta1, beta2 = 0.9, 0.95  # Jordan et al.'s values for the companion
        step = state["step"] = state.get("step", 0) + 1
        first = state.setdefault("first", torch.zeros_like(gradient)).lerp_(gradient, 1 - beta1)
        second = state.setdefault("second", torch.zeros_like(gradient)).lerp_(gradient.square(), 1 - beta2)
        return (first / (1 - beta1**step)) / ((second / (1 - beta2**step)).sqrt() + 1e-10)


def orthogonalise(matrix: Tensor, steps: int) -> Tensor:
    """Nearly U V^T of `matrix` = U S V^T: singular values end between about 0.7 and 1.2 (Jordan et al. 2024).

    The quintic's coefficients give the steepest slope at 0 that still keeps all values in that band.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16() if matrix.is_cuda else matrix
    x = x / (x.norm() + 1e-7)  # the iteration converges for singular values up to 1
    x = x.mT if matrix.shape[0] > matrix.shape[1] else x  # the Gram matrix is then the smaller one
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if matrix.shape[0] > matrix.shape[1] else x).to(matrix.dtype)
