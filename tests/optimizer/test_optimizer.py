"""Optimizers against those of PyTorch, timm and schedulefree."""

from functools import partial

import pytest
import torch
from torch import nn

from ablate import optimizer
from tests.optimizer.steps import DECAY, network, stepped

ADAM = {"betas": (0.8, 0.9), "eps": 1e-7}
RMSPROP = {"alpha": 0.9, "momentum": 0.5, "eps": 1e-7}


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
