import pytest
import torch
from torch import nn


def test_parameters(build, parameters):
    # 5x5 convolutions, 25 x in x out + out: 608, 3,216, 12,832, 51,264, 204,928. Two strides and a pool leave 4x4 of
    # 128: 2048 x 120 + 120 = 245,880; 120 x 84 + 84 = 10,164; 84 x 10 + 10 = 850.
    total = 608 + 3_216 + 12_832 + 51_264 + 204_928 + 245_880 + 10_164 + 850
    assert parameters(build("cnn")) == total == 529_742
    # A scale and a shift for each of 8 + 16 + 32 + 64 + 128 channels.
    assert parameters(build("cnn", "batch")) == total + 2 * 248


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_layers_match_an_explicit_network(normalization, build):
    torch.manual_seed(0)
    between = (lambda n: [nn.BatchNorm2d(n)]) if normalization == "batch" else (lambda n: [])
    expected = nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2),
        *between(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 5, padding=2, stride=2),
        *between(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 5, padding=2),
        *between(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 5, padding=2, stride=2),
        *between(64),
        nn.ReLU(),
        nn.Conv2d(64, 128, 5, padding=2),
        *between(128),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2048, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    model = build("cnn", normalization).train()
    model.load_state_dict(dict(zip(model.state_dict(), expected.state_dict().values(), strict=True)))
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(model(images), expected(images))


def test_initialization_is_pytorchs_default(build):
    torch.manual_seed(3)
    model = build("cnn")
    torch.manual_seed(3)
    assert torch.equal(model[0].weight, nn.Conv2d(3, 8, 5).weight)


@pytest.mark.parametrize("size, flat", [(4, 128), (8, 128), (28, 2048), (30, 2048), (96, 18_432)])
def test_other_image_sizes(size, flat, build):
    with torch.device("meta"):
        model = build("cnn", image_size=size)
        assert model(torch.zeros(2, 3, size, size)).shape == (2, 10)
    assert next(m for m in model if isinstance(m, nn.Linear)).in_features == flat
