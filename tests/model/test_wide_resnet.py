import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ablate.activation import relu
from ablate.model.wide_resnet import Block
from ablate.normalization import batch


@pytest.mark.parametrize(
    "depth, widen_factor, millions",
    [(16, 8, 11.0), (22, 8, 17.2), (28, 10, 36.5), (40, 1, 0.6), (40, 2, 2.2), (40, 4, 8.9)],
)
def test_parameters_published_in_the_paper(depth, widen_factor, millions, build, parameters):
    with torch.device("meta"):
        model = build("wide_resnet", "batch", depth=depth, widen_factor=widen_factor)
    assert parameters(model) / 1e6 == pytest.approx(millions, abs=0.051)  # the paper rounds some down


def test_parameters_of_16_4_by_hand(build, parameters):
    # Widths 64, 128, 256, two blocks each of filters 9 x in x out, a 1x1 shortcut where the width changes, and a scale
    # and a shift for each channel that enters a convolution, and for the last 256.
    filters = 9 * 3 * 16
    norms = 0
    for inputs, width in ((16, 64), (64, 128), (128, 256)):
        filters += 9 * inputs * width + 3 * 9 * width * width + inputs * width
        norms += 2 * (inputs + 3 * width)
    with torch.device("meta"):
        assert parameters(build("wide_resnet", "batch")) == filters + norms + 2 * 256 + 2570 == 2_748_890


@pytest.mark.parametrize("inputs, stride", [(4, 2), (8, 1)])
def test_block_is_the_papers_formula(inputs, stride):
    torch.manual_seed(0)
    block = Block(inputs, 8, stride, batch(), relu(), dropout=0.3).eval()
    norm, conv1, norm1, conv2 = block.before[0], block.residual[0], block.residual[1], block.residual[4]
    for layer in (norm, norm1):
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
        nn.init.normal_(layer.weight)

    def normalized(layer, x):
        return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias)

    x = torch.randn(2, inputs, 6, 6)
    active = normalized(norm, x).relu()
    hidden = normalized(norm1, F.conv2d(active, conv1.weight, stride=stride, padding=1)).relu()
    shortcut = x if inputs == 8 else F.conv2d(active, block.shortcut.weight, stride=stride)
    expected = F.conv2d(hidden, conv2.weight, padding=1) + shortcut
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_dropout_in_every_block(build):
    with torch.device("meta"):
        model = build("wide_resnet", dropout=0.3)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.3] * 6
