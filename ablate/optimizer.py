"""Optimisers; by default norms and biases are not decayed. Each takes the model and returns a torch optimiser.

Adam and AdamW are fused, one pass over all parameters: half their time on the CPU (docs/performance.md). SGD gains
little by it, and PyTorch's fails if it is fused and a parameter has its first gradient in a later step.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw as adamw_step

from ablate.backend.compiler import keep_out

TOGETHER = 5  # steps of Muon's iteration for which a matrix is multiplied with its transpose once

for kind in (torch.optim.Optimizer, torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
    keep_out(kind)


def sgd(model: nn.Module, momentum: float, nesterov: bool, **options: Any) -> torch.optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    groups, lr = _groups(model, **options)
    return torch.optim.SGD(groups, lr, momentum, nesterov=nesterov)


def adam(model: nn.Module, betas: list[float], eps: float, **options: Any) -> torch.optim.Optimizer:
    """Adam, weight decay as an L2 penalty (Kingma & Ba 2015)."""
    groups, lr = _groups(model, **options)
    return torch.optim.Adam(groups, lr, (betas[0], betas[1]), eps, fused=_fusible(groups))


def adamw(model: nn.Module, betas: list[float], eps: float, **options: Any) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""
    groups, lr = _groups(model, **options)
    return torch.optim.AdamW(groups, lr, (betas[0], betas[1]), eps, fused=_fusible(groups))


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


def _fusible(groups: list[dict[str, Any]]) -> bool | None:
    """True if the fused kernels can take the parameters: they walk memory in its order, so it must have no gaps.

    None leaves the choice to PyTorch.
    """
    layouts = (torch.contiguous_format, torch.channels_last)
    return (
        all(
            p.is_floating_point() and any(p.is_contiguous(memory_format=layout) for layout in layouts)
            for group in groups
            for p in group["params"]
        )
        or None
    )


def muon(
    model: nn.Module,
    companion_lr: float,
    momentum: float,
    nesterov: bool,
    ns_steps: int,
    fixed_norm: bool,
    **options: Any,
) -> "Muon":
    """Muon for matrices and filters, AdamW for vectors and the classifier (Jordan et al. 2024)."""
    groups, lr = _groups(model, **options)
    matrices = [group for group in groups if group["params"][0].ndim > 1]
    companions = [group for group in groups if group["params"][0].ndim <= 1]
    if matrices:  # the last is the classifier, whose rows are classes: Jordan et al. leave it to the companion
        companions.insert(0, {**matrices[0], "params": [matrices[0]["params"].pop()]})
    settings = {"momentum": momentum, "nesterov": nesterov, "ns_steps": ns_steps, "fixed_norm": fixed_norm}
    return Muon([{**g, **settings, "lr": lr} for g in matrices if g["params"]], companions, companion_lr)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal by a Newton-Schulz iteration; filters count as matrices, a row each.

    torch.optim.Muon takes matrices only, and no other parameters beside them: this one holds both, so that a schedule
    and a checkpoint see a single optimiser.
    """

    def __init__(self, matrices: list[dict[str, Any]], companions: list[dict[str, Any]], companion_lr: float) -> None:
        groups = [{**group, "orthogonal": True} for group in matrices]
        # By "fused" PyTorch knows, when it loads a state, to put the count of steps where the parameter is.
        fused = _fusible(companions)
        groups += [{**group, "lr": companion_lr, "orthogonal": False, "fused": fused} for group in companions]
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # nothing here re-evaluates a loss
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            update = self._orthogonal if group["orthogonal"] else self._adamw
            update([(p, p.grad) for p in group["params"] if p.grad is not None], group)

    def _orthogonal(self, trained: list[tuple[Tensor, Tensor]], group: dict[str, Any]) -> None:
        for parameter, gradient in trained:
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            average = state["momentum"].lerp_(gradient, 1 - group["momentum"])
            update = gradient.lerp(average, group["momentum"]) if group["nesterov"] else average
            matrix = orthogonalise(update.flatten(1), group["ns_steps"])
            rows, columns = matrix.shape
            if group["fixed_norm"]:  # rows of norm 1 on average: `lr` is the share of itself by which a matrix changes
                parameter.mul_(rows**0.5 / (parameter.norm() + 1e-7))
            else:
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(matrix.view_as(parameter), alpha=-group["lr"] * max(1, rows / columns) ** 0.5)

    def _adamw(self, trained: list[tuple[Tensor, Tensor]], group: dict[str, Any]) -> None:
        parameters, gradients = ([pair[side] for pair in trained] for side in (0, 1))
        for parameter in parameters:
            if not self.state[parameter]:
                zero = torch.zeros((), device=parameter.device if group["fused"] else None)  # else PyTorch reads it
                state = {"step": zero, "first": torch.zeros_like(parameter), "second": torch.zeros_like(parameter)}
                self.state[parameter].update(state)
        first, second, steps = ([self.state[p][name] for p in parameters] for name in ("first", "second", "step"))
        adamw_step(
            parameters, gradients, first, second, [], steps, fused=group["fused"], amsgrad=False,
            beta1=0.9, beta2=0.95,  # Jordan et al.'s values for the companion
            lr=group["lr"], weight_decay=group["weight_decay"], eps=1e-10, maximize=False,
        )  # fmt: skip


def orthogonalise(matrix: Tensor, steps: int) -> Tensor:
    """Nearly U V^T of `matrix` = U S V^T: singular values end between about 0.7 and 1.2 (Jordan et al. 2024).

    A step of their iteration is X <- (a + b G + c G^2) X with G = X X^T. All these polynomials in the first G commute,
    so they are multiplied among themselves, and once with the wide X: half the work for the filters of a network. In
    float32, for rounding makes an eigenvalue of G that should be 0 negative, and each step multiplies it by up to a^2;
    G is computed anew after `TOGETHER` steps. The coefficients give the steepest slope at 0 that still keeps all values
    in that band.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix  # G is then the smaller one
    x = x / (x.norm() + 1e-7)  # the iteration converges for singular values up to 1
    for first in range(0, steps, TOGETHER):
        last = min(first + TOGETHER, steps) - 1
        gram, product = x @ x.mT, None
        for step in range(first, last + 1):
            polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
            polynomial.diagonal().add_(a)
            product = polynomial if product is None else polynomial @ product
            if step < last:
                gram = polynomial @ gram @ polynomial
        x = product @ x
    return x.mT if tall else x
