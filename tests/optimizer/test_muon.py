"""Muon against that of PyTorch, and its companion against AdamW."""

import copy

import pytest
import torch
from torch import nn

from ablate import optimizer
from tests.optimizer.steps import DECAY, network, stepped, train


def test_muon_accepts_a_model_without_matrices():
    model = nn.BatchNorm1d(3)
    assert [g["orthogonal"] for g in muon(model).param_groups] == [False]


def muon(model: nn.Module) -> torch.optim.Optimizer:
    return optimizer.muon(model, 0.003, 0.95, True, 5, False, lr=0.02, **DECAY)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has no Muon to compare with")
@pytest.mark.parametrize(("fixed_norm", "nesterov"), [(False, True), (True, True), (False, False)])
def test_steps_of_matrices_are_those_of_torchs_muon(fixed_norm, nesterov):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 30, bias=False), nn.Linear(30, 4, bias=False))
    reference, start = copy.deepcopy(model), model[0].weight.detach().clone()
    mine = optimizer.muon(model, 0.003, 0.95, nesterov, 5, fixed_norm, lr=0.02, **DECAY)
    decay = 0.0 if fixed_norm else 0.1
    other = torch.optim.Muon([reference[0].weight], lr=0.02, weight_decay=decay, momentum=0.95, nesterov=nesterov)
    for seed in range(3):
        gradient = torch.randn(30, 12, generator=torch.Generator().manual_seed(seed))
        model[0].weight.grad, reference[0].weight.grad = gradient.clone(), gradient.clone()
        if fixed_norm:  # rows with mean squared norm 1
            reference[0].weight.data /= reference[0].weight.data.square().sum(1).mean().sqrt()
            start = reference[0].weight.detach().clone() if seed == 0 else start
        mine.step()
        other.step()
    # torch iterates in bfloat16, with a relative precision of 0.4 %
    assert (model[0].weight - reference[0].weight).norm() < 0.02 * (reference[0].weight - start).norm()


def test_muon_trains_vectors_and_the_classifier_as_adamw_does():
    model, reference = network(), network()
    opt = muon(model)
    matrix = [g for g in opt.param_groups if g["orthogonal"]]
    assert [g["fused"] for g in opt.param_groups if not g["orthogonal"]] == [True, True]
    assert [p.shape for g in matrix for p in g["params"]] == [(4, 3, 3, 3), (8, 144)]
    classifier, biases = reference[5].weight, [p for p in reference.parameters() if p.ndim == 1]
    groups = [{"params": [classifier], "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}]
    other = torch.optim.AdamW(groups, 0.003, (0.9, 0.95), 1e-10, fused=True)
    stepped(model, opt, size=1e-10)  # so small that Adam's eps matters
    stepped(reference, other, size=1e-10)
    compared = 0
    for mine, its in zip(model.parameters(), reference.parameters(), strict=True):
        if its.ndim == 1 or its is classifier:
            assert torch.equal(mine, its)  # which it would not be if Muon's AdamW were not fused
            compared += 1
    assert compared == 6


def companions(model: nn.Module) -> list[str]:
    """The names of the matrices that AdamW trains."""
    of_adamw = {id(p) for group in muon(model).param_groups if not group["orthogonal"] for p in group["params"]}
    return [name for name, p in model.named_parameters() if p.ndim > 1 and id(p) in of_adamw]


class Distilled(nn.Module):
    """Two classifiers, as in a distilled transformer of timm, and a matrix that is listed after them."""

    def __init__(self):
        super().__init__()
        self.body, self.head, self.head_dist, self.late = (nn.Linear(4, 4) for _ in range(4))

    def get_classifier(self):
        return self.head, self.head_dist


def test_the_classifiers_are_those_of_the_network():
    assert companions(Distilled()) == ["head.weight", "head_dist.weight"]


def test_a_frozen_classifier_leaves_the_other_matrices_to_muon():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3))
    model[1].requires_grad_(False)
    assert companions(model) == []


def test_the_state_of_muon_can_be_saved_and_loaded():
    straight = train(model := network(), 3, muon(model))
    first, second = network(), network()
    train(first, 0, half := muon(first))
    generator = torch.Generator().manual_seed(1)
    for step in range(3):
        if step == 2:
            second.load_state_dict(first.state_dict())
            saved = copy.deepcopy(half.state_dict())
            first, half = second, muon(second)
            half.load_state_dict(saved)
        loss = first(torch.randn(6, 3, 8, 8, generator=generator)).square().mean()
        half.zero_grad()
        loss.backward()
        half.step()
    assert all(torch.equal(a, b) for a, b in zip(straight, first.parameters(), strict=True))
