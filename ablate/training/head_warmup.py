"""Warm-up of the head: for the first steps, the learning rate of all other layers is 0."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from ablate.model.head import head
from ablate.schedule import Factor


def scheduled(optimizer: torch.optim.Optimizer, factor: Factor, model: nn.Module, steps: int) -> LambdaLR:
    """Return a scheduler that multiplies each learning rate by `factor`, and by 0 outside of the head at first.

    Args:
        optimizer: of the model; with `steps`, its parameter groups are split, those of the head first.
        factor: the schedule.
        model: the network.
        steps: in which only the head is trained.
    """
    if not steps:
        return LambdaLR(optimizer, factor)
    names = head(model)
    of_head = {id(parameter) for name, parameter in model.named_parameters() if name in names}
    heads, bodies = (_part(optimizer, of_head, kind) for kind in (True, False))
    optimizer.param_groups[:] = [*heads, *bodies]
    late = _after(factor, steps)
    return LambdaLR(optimizer, [factor] * len(heads) + [late] * len(bodies))


def _part(optimizer: torch.optim.Optimizer, of_head: set[int], kind: bool) -> list[dict]:
    """The parameter groups with only their parameters that are (`kind`), or are not, in the head."""
    chosen = [
        {**group, "params": [p for p in group["params"] if (id(p) in of_head) is kind]}
        for group in optimizer.param_groups
    ]
    return [group for group in chosen if group["params"]]


def _after(factor: Factor, steps: int) -> Factor:
    return lambda step: factor(step) if step >= steps else 0.0
