import pytest
import torch
from torch import nn

from ablate.backend.torchvision import torchvision


def convolutions(model):
    return [tuple(m.weight.shape) for m in model.modules() if isinstance(m, nn.Conv2d)]


def test_all_convolutions_but_the_first_are_torchvisions(build):
    with torch.device("meta"):
        ours, reference = convolutions(build("alexnet")), convolutions(torchvision.models.alexnet(weights=None))
    assert ours[1:] == reference[1:]
    assert len(ours) == 5 and ours[0] == (64, 3, 5, 5)


@pytest.mark.parametrize("size, side", [(8, 1), (28, 4), (32, 4), (96, 4)])
def test_fully_connected_layers(size, side, build):
    with torch.device("meta"):
        layers = [m for m in build("alexnet", image_size=size) if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in layers] == [(256 * side**2, 1024), (1024, 1024), (1024, 10)]


def test_dropout_before_both_hidden_layers(build):
    with torch.device("meta"):
        model = build("alexnet", dropout=0.25)
    assert [m.p for m in model if isinstance(m, nn.Dropout)] == [0.25, 0.25]
