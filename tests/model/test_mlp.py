import pytest
import torch
from torch import nn


def test_parameters(build, parameters):
    # 3072 x 128 + 128 = 393,344; 128 x 256 + 256 = 33,024; 256 x 512 + 512 = 131,584; 512 x 10 + 10 = 5,130.
    assert parameters(build("mlp")) == 393_344 + 33_024 + 131_584 + 5_130 == 563_082
    # A scale and a shift for each of 128 + 256 + 512 hidden units.
    assert parameters(build("mlp", "batch")) == 563_082 + 2 * 896


@pytest.mark.parametrize("normalization", ["none", "layer"])
def test_layers_match_an_explicit_network(normalization, build):
    torch.manual_seed(0)
    between = (lambda n: [nn.LayerNorm(n)]) if normalization == "layer" else (lambda n: [])
    expected = nn.Sequential(
        nn.Flatten(),
        nn.Linear(3072, 128),
        *between(128),
        nn.ReLU(),
        nn.Linear(128, 256),
        *between(256),
        nn.ReLU(),
        nn.Linear(256, 512),
        *between(512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )
    model = build("mlp", normalization)
    model.load_state_dict(dict(zip(model.state_dict(), expected.state_dict().values(), strict=True)))
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(model(images), expected(images))


def test_hidden_units(build):
    model = build("mlp", hidden=[5])
    assert [tuple(p.shape) for p in model.parameters()] == [(5, 3072), (5,), (10, 5), (10,)]
