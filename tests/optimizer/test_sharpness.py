"""Sharpness-aware steps against the formulas of the papers, written out."""

import copy

import pytest
import torch
from torch import nn

from ablate import optimizer

DECAY = {"weight_decay": 0.0, "decay_norm_and_bias": False}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def loss_of(model: nn.Module, step: int) -> torch.Tensor:
    images = torch.randn(16, 6, generator=torch.Generator().manual_seed(step))
    return nn.functional.cross_entropy(model(images), torch.arange(16) % 3)


def perturbed(model: nn.Module, rho: float, adaptive: bool, step: int) -> list[torch.Tensor]:
    """The gradients at w + e: e = rho g / |g|; adaptive: with T = |w|, e = rho T^2 g / |T g|."""
    weights = list(model.parameters())
    gradients = torch.autograd.grad(loss_of(copy_of := copy.deepcopy(model), step), list(copy_of.parameters()))
    scales = [w.detach().abs() if adaptive else torch.ones_like(w) for w in weights]
    norm = sum((t * g).square().sum() for t, g in zip(scales, gradients, strict=True)).sqrt()
    moved = copy.deepcopy(model)
    with torch.no_grad():
        for w, t, g in zip(moved.parameters(), scales, gradients, strict=True):
            w += rho * t * t * g / norm
    return list(torch.autograd.grad(loss_of(moved, step), list(moved.parameters())))


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("base", ["sgd", "adamw"])
@pytest.mark.parametrize("scale", [1.0, 1024.0])  # of the loss, as with fp16
def test_three_steps_are_those_of_the_base_at_the_perturbed_weights(base, adaptive, scale):
    model, reference = network(), network()
    tested = optimizer.sam(model, base, 0.5, adaptive, 0.9, 0.99, lr=0.1, **DECAY)
    if base == "sgd":
        other = torch.optim.SGD(reference.parameters(), 0.1, 0.9)
    else:
        other = torch.optim.AdamW(reference.parameters(), 0.1, (0.9, 0.99), weight_decay=0, fused=True)
    for step in range(3):
        tested.zero_grad()
        (scale * loss_of(model, step)).backward()
        tested.perturb(lambda step=step: (scale * loss_of(model, step)).backward())
        for parameter in model.parameters():
            parameter.grad /= scale
        tested.step()
        gradients = perturbed(reference, 0.5, adaptive, step)
        loss_of(reference, step)  # once, for the running statistics
        for parameter, gradient in zip(reference.parameters(), gradients, strict=True):
            parameter.grad = gradient
        other.step()
    torch.testing.assert_close(model.state_dict(), reference.state_dict(), rtol=1e-4, atol=1e-5)


def test_after_an_error_the_weights_are_those_before():
    model = network()
    tested = optimizer.sam(model, "sgd", 0.5, False, 0.9, 0.99, lr=0.1, **DECAY)
    before = copy.deepcopy(model.state_dict())
    model.eval()
    loss_of(model, 0).backward()

    def fail() -> None:
        assert not torch.equal(model[0].weight, before["0.weight"])
        raise MemoryError

    with pytest.raises(MemoryError):
        tested.perturb(fail)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert model[1].track_running_stats
