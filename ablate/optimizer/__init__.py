"""Optimizers. Each option takes the model and returns a PyTorch optimizer.

All take `lr`, `weight_decay`, `decay_norm_and_bias`, which applies weight decay to norms and biases too, and
`layer_decay`, which decreases the learning rate from the head to the first layer. Adam and
AdamW use PyTorch's fused implementation, which halves their time on the CPU (docs/performance.md). SGD does not: it
gains little, and fused SGD fails if the first gradient of a parameter comes in a later step.
"""

from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.optim.adamw import adamw as adamw_step

from ablate.backend import timm_optimizers
from ablate.backend.compiler import remove_compiler_wrappers
from ablate.model.depth import depths
from ablate.model.head import head
from ablate.optimizer.newton_schulz import orthogonalize
from ablate.optimizer.sharpness import SharpnessAwareAdamW, SharpnessAwareSGD
from ablate.terminal.errors import InputError

for kind in (torch.optim.Optimizer, torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    remove_compiler_wrappers(kind)


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


def timm_optimizer(model: nn.Module, name: str, options: dict[str, Any], **common: Any) -> torch.optim.Optimizer:
    """An optimizer of timm, by name.

    Args:
        model: the model.
        name: of `timm.optim.list_optimizers()`, or such a name after `lookahead_`.
        options: further arguments of the optimizer.
        common: `lr`, `weight_decay`, `decay_norm_and_bias`.
    """
    groups, lr = _groups(model, **common)
    plain: Any = OmegaConf.to_container(OmegaConf.create(options))  # lists of Hydra cannot be saved
    return timm_optimizers.create(groups, name, lr, plain)


def schedule_free(
    model: nn.Module, base: str, momentum: float, beta2: float, eps: float, **options: Any
) -> torch.optim.Optimizer:
    """A schedule-free optimizer, which averages the weights itself (Defazio et al. 2024).

    Args:
        model: the model.
        base: sgd, adamw or radam.
        momentum: weight of the average in the point where the gradient is computed.
        beta2: decay rate of the second moment estimate of adamw and radam.
        eps: added to the denominator of adamw and radam.
        options: `lr`, `weight_decay`, `decay_norm_and_bias`.
    """
    try:
        import schedulefree
    except ModuleNotFoundError as error:
        raise InputError(
            "optimizer=schedule_free needs the package schedulefree. Run: pip install 'hydra-ablate[optimizers]'"
        ) from error
    groups, lr = _groups(model, **options)
    if base == "sgd":
        return schedulefree.SGDScheduleFree(groups, lr, momentum)
    kind = {"adamw": schedulefree.AdamWScheduleFree, "radam": schedulefree.RAdamScheduleFree}[base]
    return kind(groups, lr, (momentum, beta2), eps)


def sam(
    model: nn.Module, base: str, rho: float, adaptive: bool, momentum: float, beta2: float, **options: Any
) -> torch.optim.Optimizer:
    """SGD or AdamW with sharpness-aware gradients (Foret et al. 2021; adaptive: Kwon et al. 2021).

    Args:
        model: the model.
        base: sgd or adamw.
        rho: norm of the perturbation.
        adaptive: scale the perturbation of each weight by its size.
        momentum: of sgd; beta1 of adamw.
        beta2: decay rate of the second moment estimate of adamw.
        options: `lr`, `weight_decay`, `decay_norm_and_bias`.
    """
    groups, lr = _groups(model, **options)
    if base == "sgd":
        return SharpnessAwareSGD(model, rho, adaptive, groups, lr, momentum)
    return SharpnessAwareAdamW(model, rho, adaptive, groups, lr, (momentum, beta2), fused=_fusible(groups))


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
    names = head(model) or [name for name, parameter in model.named_parameters() if parameter.ndim > 1][-1:]
    of_head = {id(parameter) for name, parameter in model.named_parameters() if name in names}
    for group in reversed(matrices):  # the classifier, which Jordan et al. train with AdamW
        if classifier := [p for p in group["params"] if id(p) in of_head]:
            group["params"] = [p for p in group["params"] if id(p) not in of_head]
            companions.insert(0, {**group, "params": classifier, "lr": companion_lr})
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
        if not pairs:
            return
        parameters, gradients = (list(each) for each in zip(*pairs, strict=True))
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(parameter)
        averages = [self.state[parameter]["momentum"] for parameter in parameters]
        torch._foreach_lerp_(averages, gradients, 1 - group["momentum"])
        group["started"] = group.get("started", False) or group["lr"] > 0
        if not group["started"]:  # in a warm-up of the head: `fixed_norm` would change the other layers
            return
        updates = torch._foreach_lerp(gradients, averages, group["momentum"]) if group["nesterov"] else averages
        matrices = orthogonalize([update.flatten(1) for update in updates], group["ns_steps"])
        if group["fixed_norm"]:  # rows then have norm 1 on average, and `lr` is the relative change of the matrix
            norms = torch._foreach_add(torch._foreach_norm(parameters), 1e-7)
            scales = [len(parameter) ** 0.5 / norm for parameter, norm in zip(parameters, norms, strict=True)]
            torch._foreach_mul_(parameters, scales)
        else:
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        for parameter, matrix in zip(parameters, matrices, strict=True):
            rows, columns = matrix.shape
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
