"""A small network, and steps of an optimizer on it."""

import torch
from torch import nn

DECAY = {"weight_decay": 0.1, "decay_norm_and_bias": False}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 8), nn.ReLU(), nn.Linear(8, 5)
    )


def train(model: nn.Module, steps: int, opt: torch.optim.Optimizer) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        images = torch.randn(6, 3, 8, 8, generator=generator)
        loss = model(images).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [p.detach() for p in model.parameters()]


def stepped(model: nn.Module, opt: torch.optim.Optimizer, size: float = 1) -> list[torch.Tensor]:
    """Return the parameters after three steps with random gradients of scale `size`."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        for parameter in model.parameters():  # in the memory layout of the parameter, as in autograd
            drawn = size * torch.randn(parameter.shape, generator=generator)
            parameter.grad = torch.empty_like(parameter).copy_(drawn)
        opt.step()
    return [p.detach() for p in model.parameters()]
