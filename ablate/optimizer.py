"""Optimizers. Each option takes the model and returns a PyTorch optimizer.

All take `lr`, `weight_decay`, `decay_norm_and_bias`, which applies weight decay to norms and biases too, and
`layer_decay`, which decreases the learning rate from the head to the first layer. Adam and
AdamW use PyTorch's fused implementation, which halves their time on the CPU (docs/performance.md). SGD does not: it
gains little, and fused SGD fails if the first gradient of a parameter comes in a later step.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw as adamw_step

from ablate.backend.compiler import keep_out
from ablate.model.depth import depths

GRAM_STEPS = 5  # steps of the Newton-Schulz iteration per computation of the Gram matrix

for kind in (torch.optim.Optimizer, torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    keep_out(kind)


def sgd(model: nn.Module, momentum: float, nesterov: bool, **options: Any) -> torch.optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    groups, lr = _groups(model, **options)
    return torch.optim.SGD(groups, lr, momentum, nesterov=nesterov)


def adam(model: nn.Module, betas: list[float], eps: float, **options: Any) -> torch.optim.Optimizer:
    """Adam with weight decay as an L2 penalty (Kingma & Ba 2015)."""
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
    model: nn.Module, lr: float, weight_decay: float, decay_norm_and_bias: bool, layer_decay: float | None = None
) -> tuple[list[dict[str, Any]], float]:
    """Return the parameter groups (matrices and filters; vectors, that is norms and biases), and the learning rate.

    With `layer_decay`, each layer has its own two groups, the head first, and `lr` is multiplied by `layer_decay` once
    for each layer between the head and them (Bao et al. 2022, "BEiT").
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    depth = depths(model) if layer_decay is not None else {}
    last = max(depth.values(), default=0)
    groups = []
    for number in range(last, -1, -1):
        of_layer = [p for name, p in named if depth.get(name, 0) == number]
        scaled = {"lr": lr * layer_decay ** (last - number)} if layer_decay is not None else {}
        matrices, vectors = ([p for p in of_layer if (p.ndim > 1) is kind] for kind in (True, False))
        groups += [
            {"params": matrices, "weight_decay": weight_decay, **scaled},
            {"params": vectors, "weight_decay": weight_decay * decay_norm_and_bias, **scaled},
        ]
    return [group for group in groups if group["params"]], lr


def _fusible(groups: list[dict[str, Any]]) -> bool | None:
    """Return True if the fused kernels support the parameters, whose memory must have no gaps; else None.

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
    """Muon for matrices and filters; AdamW for vectors and the classifier (Jordan et al. 2024).

    Args:
        model: the model.
        companion_lr: learning rate of AdamW.
        momentum: of Muon.
        nesterov: use Nesterov momentum.
        ns_steps: Newton-Schulz iterations per step.
        fixed_norm: scale matrices to Frobenius norm sqrt(rows) before each step, instead of weight decay.
        options: `lr` of Muon, `weight_decay`, `decay_norm_and_bias`, `layer_decay`.
    """
    groups, lr = _groups(model, **options)
    matrices = [group for group in groups if group["params"][0].ndim > 1]
    companion_groups, _ = _groups(model, **{**options, "lr": companion_lr})
    companions = [group for group in companion_groups if group["params"][0].ndim <= 1]
    if matrices:  # the last one of the last layer is the classifier, which Jordan et al. train with AdamW
        companions.insert(0, {**matrices[0], "params": [matrices[0]["params"].pop()], "lr": companion_lr})
    settings = {"momentum": momentum, "nesterov": nesterov, "ns_steps": ns_steps, "fixed_norm": fixed_norm}
    return Muon([{"lr": lr, **g, **settings} for g in matrices if g["params"]], companions, companion_lr)


class Muon(torch.optim.Optimizer):
    """Momentum with updates orthogonalized by a Newton-Schulz iteration, and AdamW for the other parameters.

    A convolution counts as a matrix with one row per filter. Unlike torch.optim.Muon, which accepts only matrices, this
    class trains all parameters, so that schedule and checkpoint handle a single optimizer.

    Args:
        matrices: parameter groups trained by Muon.
        companions: parameter groups trained by AdamW.
        companion_lr: learning rate of AdamW, for groups without their own.
    """

    def __init__(self, matrices: list[dict[str, Any]], companions: list[dict[str, Any]], companion_lr: float) -> None:
        groups = [{**group, "orthogonal": True} for group in matrices]
        # The key "fused" makes `load_state_dict` put the step count on the device of the parameter.
        fused = _fusible(companions)
        groups += [{"lr": companion_lr, **group, "orthogonal": False, "fused": fused} for group in companions]
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is needed
        """Update all parameters that have a gradient."""
        for group in self.param_groups:
            update = self._orthogonal if group["orthogonal"] else self._adamw
            update([(p, p.grad) for p in group["params"] if p.grad is not None], group)

    def _orthogonal(self, pairs: list[tuple[Tensor, Tensor]], group: dict[str, Any]) -> None:
        for parameter, gradient in pairs:
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            average = state["momentum"].lerp_(gradient, 1 - group["momentum"])
            update = gradient.lerp(average, group["momentum"]) if group["nesterov"] else average
            matrix = orthogonalize(update.flatten(1), group["ns_steps"])
            rows, columns = matrix.shape
            if group["fixed_norm"]:  # rows then have norm 1 on average, and `lr` is the relative change of the matrix
                parameter.mul_(rows**0.5 / (parameter.norm() + 1e-7))
            else:
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(matrix.view_as(parameter), alpha=-group["lr"] * max(1, rows / columns) ** 0.5)

    def _adamw(self, pairs: list[tuple[Tensor, Tensor]], group: dict[str, Any]) -> None:
        parameters, gradients = ([pair[position] for pair in pairs] for position in (0, 1))
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


def orthogonalize(matrix: Tensor, steps: int) -> Tensor:
    """Approximate U V^T of `matrix` = U S V^T by a Newton-Schulz iteration.

    A step is X <- (a + b G + c G^2) X with the Gram matrix G = X X^T. Its coefficients maximize the slope at 0, while
    singular values converge to a band of about 0.7 to 1.2 instead of to 1. All polynomials in the first G commute, so
    they are multiplied with each other first and with the wide X only once, which halves the work for typical filters.
    Rounding can make a zero eigenvalue of G negative, and each step multiplies its error by up to a^2. So this uses
    float32, and computes G again after `GRAM_STEPS` steps.

    Args:
        matrix: (rows, columns).
        steps: number of iterations.

    Returns:
        (rows, columns)

    Source: Jordan et al. (2024), "Muon".
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix  # the smaller Gram matrix
    x = x / (x.norm() + 1e-7)  # the iteration converges for singular values up to 1
    for first in range(0, steps, GRAM_STEPS):
        last = min(first + GRAM_STEPS, steps) - 1
        gram, product = x @ x.mT, None
        for step in range(first, last + 1):
            polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
            polynomial.diagonal().add_(a)
            product = polynomial if product is None else polynomial @ product
            if step < last:
                gram = polynomial @ gram @ polynomial
        x = product @ x
    return x.mT if tall else x
