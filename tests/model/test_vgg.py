import pytest
import torch
from torch import nn

from ablate.backend.torchvision import torchvision

# Three fully connected layers of 512, 512 and 10 units.
CLASSIFIER = 512 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10


@pytest.mark.parametrize("depth, convolutions", [(16, 14_714_688), (19, 20_024_384)])
def test_parameters_of_the_convolutions_are_those_keras_publishes(depth, convolutions, build, parameters):
    with torch.device("meta"):
        assert parameters(build("vgg", depth=depth)) == convolutions + CLASSIFIER


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_depth_counts_layers_with_weights(depth, build):
    with torch.device("meta"):
        modules = list(build("vgg", depth=depth).modules())
    assert sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in modules) == depth


def test_features_are_torchvisions(build):
    torch.manual_seed(0)
    reference = torchvision.models.vgg11(weights=None, num_classes=1).features
    model = nn.Sequential(*list(build("vgg", depth=11))[:-7])
    model.load_state_dict(dict(zip(model.state_dict(), reference.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(images), reference(images).flatten(1))


def test_the_variance_is_preserved_over_thirteen_layers_without_normalization(build):
    torch.manual_seed(0)
    model = nn.Sequential(*list(build("vgg", image_size=32))[:-9])
    images = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        ratio = model(images).std() / images.std()
    assert 0.2 < ratio < 10  # with PyTorch's default initialization it is 0.006


def test_dropout_after_both_hidden_layers(build):
    with torch.device("meta"):
        model = build("vgg", dropout=0.25)
    assert [m.p for m in model if isinstance(m, nn.Dropout)] == [0.25, 0.25]
