"""Optimizers against those of PyTorch, timm and schedulefree."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from ablate import optimizer

DECAY = {"weight_decay": 0.1, "decay_norm_and_bias": False}
ADAM = {"betas": (0.8, 0.9), "eps": 1e-7}
RMSPROP = {"alpha": 0.9, "momentum": 0.5, "eps": 1e-7}


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


def test_norms_and_biases_are_decayed_only_if_asked():
    for enabled, decayed in ((False, 3), (True, 8)):
        sgd = optimizer.sgd(network(), 0.0, False, lr=0.1, weight_decay=0.5, decay_norm_and_bias=enabled)
        assert sum(len(g["params"]) for g in sgd.param_groups if g["weight_decay"] == 0.5) == decayed
        assert sum(len(g["params"]) for g in sgd.param_groups) == 8  # each parameter once


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (partial(optimizer.sgd, momentum=0.9, nesterov=True), partial(torch.optim.SGD, momentum=0.9, nesterov=True)),
        (partial(optimizer.adam, **ADAM), partial(torch.optim.Adam, **ADAM)),
        (partial(optimizer.adamw, **ADAM), partial(torch.optim.AdamW, **ADAM)),
        (partial(optimizer.rmsprop, **RMSPROP), partial(torch.optim.RMSprop, **RMSPROP)),
    ],
    ids=["sgd", "adam", "adamw", "rmsprop"],
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_three_steps_are_pytorchs(ours, theirs, layout):
    model, reference = network().to(memory_format=layout), network()
    matrices = [p for p in reference.parameters() if p.ndim > 1]
    vectors = [p for p in reference.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    tested = ours(model, lr=0.1, **DECAY)
    # The reference is not fused; a fused optimizer rounds in another order.
    near = {"rtol": 1e-5, "atol": 1e-6} if tested.defaults.get("fused") else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(stepped(model, tested), stepped(reference, theirs(groups, lr=0.1)), **near)


def schedule_free(model: nn.Module, **options) -> torch.optim.Optimizer:
    """A schedule-free optimizer in training mode, into which the training loop puts it."""
    created = optimizer.schedule_free(model, "sgd", 0.9, 0.999, 1e-8, **options)
    created.train()
    return created


OPTIONS = {
    "sgd": partial(optimizer.sgd, momentum=0.9, nesterov=True),
    "adam": partial(optimizer.adam, **ADAM),
    "adamw": partial(optimizer.adamw, **ADAM),
    "rmsprop": partial(optimizer.rmsprop, **RMSPROP),
    "timm": partial(optimizer.timm_optimizer, name="lion", options={"betas": [0.8, 0.9]}),
    "schedule_free": schedule_free,
    "sam": partial(optimizer.sam, base="adamw", rho=0.1, adaptive=False, momentum=0.9, beta2=0.999),
    "muon": partial(optimizer.muon, companion_lr=0.01, momentum=0.9, nesterov=True, ns_steps=3, fixed_norm=False),
}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_layer_decay_multiplies_the_learning_rate_once_per_layer_and_leaves_the_rest(option):
    def settings(layer_decay):
        model = network()  # three layers: 0 and its norm, 3, 5
        groups = option(model, lr=0.1, layer_decay=layer_decay, **DECAY).param_groups
        names = {id(p): name for name, p in model.named_parameters()}
        return {
            names[id(p)]: {key: value for key, value in group.items() if key != "params"}
            for group in groups
            for p in group["params"]
        }

    plain, decayed = settings(None), settings(0.5)
    assert plain.keys() == decayed.keys() and len(plain) == 8
    for name, group in plain.items():
        scale = {"0": 0.25, "1": 0.25, "3": 0.5, "5": 1}[name[0]]
        assert decayed[name] == {**group, "lr": pytest.approx(scale * group["lr"])}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_the_first_gradient_of_a_parameter_may_come_in_a_later_step(option):
    model = network()
    opt, late = option(model, lr=0.1, **DECAY), model[3].weight
    before = late.detach().clone()
    for used in (False, True):
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter) if used or parameter is not late else None
        opt.step()
        assert torch.equal(late, before) is not used


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_a_noncontiguous_parameter_has_the_same_steps(option):
    model, reference = network(), network()
    wide = torch.zeros(8, 288)
    wide[:, ::2] = model[3].weight.detach()
    model[3].weight = nn.Parameter(wide[:, ::2])
    torch.testing.assert_close(
        stepped(model, option(model, lr=0.1, **DECAY)), stepped(reference, option(reference, lr=0.1, **DECAY))
    )


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_is_fused(name):
    assert OPTIONS[name](network(), lr=0.1, **DECAY).defaults["fused"] is True


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


def by_dimension(model: nn.Module) -> list[dict]:
    """Matrices and filters, which are decayed, and vectors, which are not."""
    matrices, vectors = ([p for p in model.parameters() if (p.ndim > 1) is kind] for kind in (True, False))
    return [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]


@pytest.mark.parametrize("name", ["lion", "lamb", "adamw"])
def test_three_steps_of_an_optimizer_by_name_are_those_of_its_class(name):
    from timm import optim

    kinds = {"lion": optim.Lion, "lamb": optim.Lamb, "adamw": torch.optim.AdamW}
    model, reference = network(), network()
    tested = optimizer.timm_optimizer(model, name, {"betas": [0.7, 0.8]}, lr=0.01, **DECAY)
    theirs = kinds[name](by_dimension(reference), lr=0.01, betas=(0.7, 0.8))
    torch.testing.assert_close(stepped(model, tested), stepped(reference, theirs))
    assert type(tested) is kinds[name]


def test_three_schedule_free_steps_are_those_of_the_paper():
    """z <- z - lr (g(y) + decay y), x <- mean of all z, y <- 0.1 z + 0.9 x (Defazio et al. 2024), with lr constant."""
    model, start = network(), [p.detach().clone() for p in network().parameters()]
    tested = schedule_free(model, lr=0.5, **DECAY)
    stepped(model, tested)
    tested.eval()
    generator = torch.Generator().manual_seed(1)
    z, x, y = ([p.clone() for p in start] for _ in range(3))
    for step in range(3):
        for i, p in enumerate(start):
            gradient = torch.randn(p.shape, generator=generator) + (0.1 if p.ndim > 1 else 0.0) * y[i]
            z[i] = z[i] - 0.5 * gradient
            x[i] = x[i] + (z[i] - x[i]) / (step + 1)
            y[i] = 0.1 * z[i] + 0.9 * x[i]
    torch.testing.assert_close([p.detach() for p in model.parameters()], x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("base", ["adamw", "radam"])
def test_schedule_free_adam_is_that_of_its_authors(base):
    import schedulefree

    kind = {"adamw": schedulefree.AdamWScheduleFree, "radam": schedulefree.RAdamScheduleFree}[base]
    model, reference = network(), network()
    tested = optimizer.schedule_free(model, base, 0.8, 0.9, 1e-7, lr=0.1, **DECAY)
    theirs = kind(by_dimension(reference), lr=0.1, betas=(0.8, 0.9), eps=1e-7)
    for each in (tested, theirs):
        each.train()
    torch.testing.assert_close(stepped(model, tested), stepped(reference, theirs), rtol=0, atol=0)
