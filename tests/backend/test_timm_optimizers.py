"""Optimizers that timm does not have, or refuses, are refused in one sentence."""

import pytest
import torch
from torch import nn

from ablate.backend import timm_optimizers
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lyon", {}, "optimizer.name=lyon: timm has no such optimizer. Did you mean lion?"),
        ("lookahead_adm", {}, "optimizer.name=lookahead_adm: timm has no such optimizer. Did you mean adam?"),
        ("", {}, "optimizer.name=: timm has no such optimizer. timm has "),
        ("adahessian", {}, "optimizer.name=adahessian needs second derivatives, which the training loop"),
        ("lion", {"beta": 0.9}, "optimizer.options.beta: optimizer.name=lion has no such argument. It has betas, "),
        ("sgd", {"eps": 1e-3}, "optimizer.options.eps: optimizer.name=sgd has no such argument."),  # timm ignores it
        ("lion", {"lr": 0.1}, "optimizer.options.lr: optimizer.name=lion has no such argument."),
        ("lamb", {"weight_decay": 0.1}, "optimizer.options.weight_decay: optimizer.name=lamb has no such argument."),
        ("adamw", {"betas": [2.0, 0.9]}, "timm refuses optimizer.name=adamw with optimizer.options={'betas': [2.0, "),
    ],
)
def test_a_name_or_an_option_that_timm_does_not_accept_is_refused(name, options, message):
    with pytest.raises(InputError) as refused:
        timm_optimizers.check(name, 0.1, 0.0, options)
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)


def test_the_learning_rate_and_the_decay_of_each_group_are_kept():
    weight, bias = nn.Linear(2, 2).parameters()
    groups = [{"params": [weight], "weight_decay": 0.5, "lr": 0.25}, {"params": [bias], "weight_decay": 0.0}]
    created = timm_optimizers.create(groups, "lookahead_nadamw", 0.125, {})
    assert [(group["lr"], group["weight_decay"]) for group in created.param_groups] == [(0.25, 0.5), (0.125, 0.0)]
    assert isinstance(created, torch.optim.Optimizer)
