import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ablate import normalization as options
from ablate.backend.convolution import Conv2d
from ablate.config import CONF
from ablate.terminal.errors import InputError

OPTIONS = {
    "none": options.none(),
    "batch": options.batch(0.1),
    "layer": options.layer(),
    "group": options.group(4),
    "instance": options.instance(),
    "weight_standardization": options.weight_standardization(4),
}


@pytest.fixture
def maps():
    return torch.randn(5, 8, 6, 7, generator=torch.Generator().manual_seed(0)) * 3 + 2


@pytest.fixture
def tokens():
    return torch.randn(5, 6, 8, generator=torch.Generator().manual_seed(0)) * 3 + 2


def test_every_option_is_tested():
    assert {path.stem for path in (CONF / "normalization").glob("*.yaml")} == {*OPTIONS, "native"}


def test_native_is_for_models_with_layers_of_their_own():
    with pytest.raises(InputError, match="normalization=native keeps the layers of a model of timm or torchvision"):
        options.native().maps(3)


# What is averaged over, for maps viewed as (N, 4 groups, 2 channels, H, W).
@pytest.mark.parametrize(
    "name, over",
    [
        ("batch", (0, 3, 4)),
        ("layer", (1, 2, 3, 4)),
        ("group", (2, 3, 4)),
        ("instance", (3, 4)),
        ("weight_standardization", (2, 3, 4)),
    ],
)
def test_maps_have_mean_0_and_variance_1_over(name, over, maps):
    out = OPTIONS[name].maps(8).train()(maps).view(5, 4, 2, 6, 7)
    variance, mean = torch.var_mean(out, dim=over, correction=0)
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-5, rtol=0)
    torch.testing.assert_close(variance, torch.ones_like(variance), atol=1e-4, rtol=0)


def test_the_default_momentum_is_pytorchs():
    assert options.batch().maps(1).momentum == options.batch().vectors(1).momentum == nn.BatchNorm2d(1).momentum


def test_momentum_is_the_weight_of_a_batch_in_the_running_statistics():
    option = options.batch(0.4)
    for layer, x in (
        (option.maps(1), torch.tensor([1.0, 5]).view(2, 1, 1, 1)),
        (option.vectors(1), torch.tensor([[1.0], [5]])),
    ):
        layer.train()(x)  # with mean 3 and variance 8; the initial statistics are 0 and 1
        assert layer.running_mean.item() == pytest.approx(0.4 * 3)
        assert layer.running_var.item() == pytest.approx(0.6 * 1 + 0.4 * 8)


def test_maps_of_an_image_computed_by_hand():
    image = torch.tensor([[[[1.0, 3.0]], [[5.0, 7.0]]]])  # two channels of 1x2
    # instance: each channel has mean 2 or 6 and deviation 1. layer: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5.
    instance = torch.tensor([[[[-1.0, 1.0]], [[-1.0, 1.0]]]])
    layer = (image - 4) / 5**0.5
    for name, expected in {"instance": instance, "layer": layer, "none": image}.items():
        torch.testing.assert_close(OPTIONS[name].maps(2)(image), expected, atol=1e-4, rtol=0)


def test_instance_is_pytorchs(maps):
    torch.testing.assert_close(OPTIONS["instance"].maps(8)(maps), F.instance_norm(maps), atol=1e-5, rtol=1e-5)


def test_every_layer_has_a_scale_and_a_shift_per_channel():
    layers = [OPTIONS[name].maps(8) for name in OPTIONS if name != "none"]
    assert len(layers) == 5
    assert all([p.shape for p in layer.parameters()] == [(8,), (8,)] for layer in layers)
    assert [OPTIONS[name].shifts for name in OPTIONS] == [False] + [True] * 5
    assert not list(OPTIONS["none"].maps(8).parameters())


@pytest.mark.parametrize(
    "name, reference",
    [
        ("none", lambda x: x),
        ("batch", lambda x: F.batch_norm(x, None, None, training=True)),
        ("layer", lambda x: F.layer_norm(x, (8,))),
        ("group", lambda x: F.group_norm(x, 4)),
        ("weight_standardization", lambda x: F.group_norm(x, 4)),
    ],
)
def test_tokens_are_normalized_as_vectors(name, reference, tokens):
    expected = reference(tokens.reshape(30, 8))
    torch.testing.assert_close(OPTIONS[name].vectors(8).train()(tokens.reshape(30, 8)), expected)
    torch.testing.assert_close(OPTIONS[name].tokens(8).train()(tokens), expected.view(5, 6, 8))


@pytest.mark.parametrize("groups, channels, used", [(8, 64, 8), (8, 12, 6), (8, 7, 7), (4, 7, 1), (32, 8, 8)])
@pytest.mark.parametrize("option", [options.group, options.weight_standardization])
def test_groups_are_the_largest_divisor(option, groups, channels, used):
    assert option(groups).maps(channels).num_groups == used


@pytest.mark.parametrize(
    "groups, channels, used", [(8, 64, 8), (8, 16, 8), (8, 12, 6), (8, 8, 4), (8, 7, 1), (2, 2, 1)]
)
@pytest.mark.parametrize("option", [options.group, options.weight_standardization])
def test_groups_of_vectors_have_at_least_two_values(option, groups, channels, used):
    layer = option(groups).vectors(channels)
    assert layer.num_groups == used
    assert layer(torch.arange(2.0 * channels).view(2, channels)).std() > 0.5  # a group of one value gives 0


@pytest.mark.parametrize("option", [options.group, options.weight_standardization])
def test_groups_of_vectors_of_one_value_are_refused(option):
    with pytest.raises(InputError, match="at least two values"):
        option(8).tokens(1)


def test_instance_is_refused_for_vectors_and_1x1_maps():
    with pytest.raises(InputError, match="normalization=batch, layer, group, weight_standardization or none"):
        OPTIONS["instance"].vectors(8)
    with pytest.raises(InputError, match="no height"):
        OPTIONS["instance"].tokens(8)
    with pytest.raises(InputError, match="1x1"):
        OPTIONS["instance"].maps(8)(torch.zeros(2, 8, 1, 1))


def test_only_weight_standardization_changes_the_convolution():
    kinds = [OPTIONS[name].conv for name in OPTIONS]
    assert kinds == [Conv2d] * 5 + [options.StandardizedConv2d]


def test_standardized_filters_have_mean_0_and_variance_1():
    torch.manual_seed(0)
    conv = options.StandardizedConv2d(4, 5, 3, bias=False)
    conv.weight.data += 0.3
    # The output for an image that is 1 at a single position is the weight at that position.
    weights = conv(torch.eye(36).view(36, 4, 3, 3))[..., 0, 0]  # (36 weights, 5 filters)
    torch.testing.assert_close(weights.mean(0), torch.zeros(5), atol=1e-6, rtol=0)
    torch.testing.assert_close(weights.var(0, correction=0), torch.ones(5), atol=1e-5, rtol=0)


def test_standardized_convolution_is_the_plain_one_with_other_filters(maps):
    torch.manual_seed(0)
    keys = {"stride": 2, "padding": 1, "groups": 2}
    conv, plain = options.StandardizedConv2d(8, 4, 3, **keys), nn.Conv2d(8, 4, 3, **keys)
    flat = conv.weight.detach().flatten(1)
    filters = (flat - flat.mean(1, keepdim=True)) / flat.std(1, correction=0, keepdim=True)
    plain.load_state_dict({"weight": filters.view_as(conv.weight), "bias": conv.bias})
    torch.testing.assert_close(conv(maps), plain(maps), atol=1e-5, rtol=1e-5)


def test_a_constant_filter_has_a_finite_gradient():
    conv = options.StandardizedConv2d(1, 1, 3)
    nn.init.constant_(conv.weight, 0.5)
    conv(torch.ones(1, 1, 3, 3)).sum().backward()
    assert conv.weight.grad.isfinite().all()


def test_standardized_filters_ignore_scale_and_mean(maps):
    torch.manual_seed(0)
    conv = options.StandardizedConv2d(8, 4, 3, bias=False)
    before = conv(maps)
    conv.weight.data = conv.weight.data * 7 - 2
    torch.testing.assert_close(conv(maps), before, atol=1e-4, rtol=1e-4)
