"""While the head warms up, nothing else changes; then each learning rate is that of the schedule."""

from functools import partial

import pytest
import torch
from torch import nn

from ablate.training.head_warmup import scheduled
from tests.optimizer.steps import DECAY, network
from tests.optimizer.test_optimizer import OPTIONS


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_only_the_head_changes_at_first(kind):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    vectors, matrices = ([p for p in model.parameters() if (p.ndim == 1) is one] for one in (True, False))
    optimizer = kind([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "lr": 0.05}], lr=0.2)
    scheduler = scheduled(optimizer, lambda step: 1 / (1 + step), model, steps=2)
    changed, rates = [], []
    for _ in range(4):
        before = [p.detach().clone() for p in model.parameters()]
        rates.append({id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]})
        optimizer.zero_grad()
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
        scheduler.step()
        changed.append([not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)])
    assert changed == [[False, False, True, True]] * 2 + [[True] * 4] * 2
    for step, rate in enumerate(rates):
        body = 0 if step < 2 else 1
        of = [rate[id(p)] for p in model.parameters()]
        expected = [0.2 * body, 0.05 * body, 0.2, 0.05]
        assert of == pytest.approx([value / (1 + step) for value in expected])
    assert [group["weight_decay"] for group in optimizer.param_groups] == pytest.approx(
        [0.1, optimizer.defaults["weight_decay"]] * 2
    )


FIXED_NORM = partial(OPTIONS["muon"], fixed_norm=True)


@pytest.mark.parametrize("option", [*OPTIONS.values(), FIXED_NORM], ids=[*OPTIONS, "fixed_norm"])
def test_each_optimizer_leaves_the_other_layers_unchanged_at_first(option):
    model = network()  # the head is its last layer
    optimizer = option(model, lr=0.1, **DECAY)
    scheduler = scheduled(optimizer, lambda step: 1.0, model, steps=2)
    before = [p.detach().clone() for p in model.parameters()]
    for steps, body in ((2, True), (1, False)):
        train(model, steps, optimizer, scheduler)
        same = [torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
        assert all(same[:-2]) is body and not any(same[-2:])


def train(model, steps, optimizer, scheduler):
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(6, 3, 8, 8, generator=generator)).square().mean().backward()
        optimizer.step()
        scheduler.step()
