import pytest
import torch

from ablate import normalization
from ablate.backend.convolution import Conv2d
from ablate.model.layers import convolution, he


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("stride, side", [(1, 7), (2, 4)])
def test_size_is_kept_or_halved_rounding_up(kernel_size, stride, side):
    layer = convolution(2, 4, kernel_size, normalization.batch(0.1), stride)
    assert layer(torch.zeros(2, 2, 7, 7)).shape == (2, 4, side, side)


@pytest.mark.parametrize("option", [normalization.none(), normalization.weight_standardization(4)])
def test_he_initialization_has_variance_two_over_fan_in(option):
    torch.manual_seed(0)
    conv = convolution(64, 128, 3, he(option))[0]
    assert isinstance(conv, option.conv)
    assert conv.weight.var().item() == pytest.approx(2 / (64 * 9), rel=0.03)
    assert conv.bias is None or not conv.bias.any()


def test_he_does_not_change_its_argument():
    option = normalization.batch(0.1)
    changed = he(option)
    assert option.conv is Conv2d
    assert (changed.maps, changed.vectors) == (option.maps, option.vectors)
