"""SpeedNet against counts by hand and scikit-learn's whitening."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from sklearn.decomposition import PCA
from torch import nn

from ablate.config import CONF
from ablate.model.speednet import Scale, SpeedNet, Whitening
from ablate.normalization import batch


def test_parameters_by_hand(build, parameters):
    # 16 directions and their negatives of 3x3x3 patches; two 3x3 convolutions for each of 32, 64, 128; a scale and a
    # shift per channel after each; a classifier without bias.
    filters = 32 * 27 + 9 * (32 * 32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128)
    expected = filters + 2 * 2 * (32 + 64 + 128) + 1280
    assert parameters(build("speednet", "batch")) == expected == 297_952


def patches(images, size):
    """Non-overlapping (L, C size^2)."""
    return images.unfold(2, size, size).unfold(3, size, size).permute(0, 2, 3, 1, 4, 5).flatten(0, 2).flatten(1)


@pytest.fixture
def images():
    """Smooth noise: neighboring pixels are correlated, as in photographs."""
    noise = torch.randn(200, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    return nn.functional.avg_pool2d(noise, 3, 1, 1) + noise / 10


def test_whitening_is_that_of_scikit_learn(images):
    layer = Whitening(3, directions=12, patch_size=2, stride=1)
    layer.fit(images, eps=0)
    ours = torch.einsum("lp,fp->lf", patches(images, 2), layer.weight.flatten(1))
    assert torch.equal(ours[:, 12:], -ours[:, :12])
    whitened = ours[:, :12].numpy() - ours[:, :12].numpy().mean(0)
    theirs = PCA(whiten=True).fit_transform(patches(images, 2).double().numpy())
    np.testing.assert_allclose(np.cov(whitened.T, ddof=0), np.eye(12), atol=1e-4)
    assert whitened.shape == theirs.shape == (7200, 12)
    np.testing.assert_allclose(np.abs(whitened), np.abs(theirs), atol=2e-3)  # the sign of a component is arbitrary


def test_whitening_does_not_depend_on_the_order_of_images_and_is_not_trained(images):
    one, other = Whitening(3, 16, 3, 2), Whitening(3, 16, 3, 2)
    one.fit(images)
    other.fit(images.flip(0))
    torch.testing.assert_close(one.weight, other.weight)
    assert not one(images).requires_grad


def test_identity_initialization_preserves_channels(build):
    model = build("speednet", "none", identity=True)
    convolutions = [m for m in model if isinstance(m, nn.Conv2d)][1:]
    assert len(convolutions) == 6
    for conv in convolutions:
        x = torch.randn(2, conv.in_channels, 5, 5)
        torch.testing.assert_close(conv(x)[:, : conv.in_channels], x + conv.bias[: conv.in_channels, None, None])


@pytest.mark.parametrize(("whitening", "frozen"), [(True, 1), (False, 0)])
def test_without_whitening_the_first_layer_is_trained(whitening, frozen, build, parameters):
    model = build("speednet", "batch", whitening=whitening)
    assert sum(not p.requires_grad for p in model.parameters()) == frozen
    assert parameters(model) == 297_952


@pytest.mark.parametrize(
    ("image_size", "keys", "expected"),
    [
        (32, {"patch_size": 2, "stride": 1, "ceil_mode": False}, [31, 15, 7, 3]),  # as in Jordan's network
        (32, {"patch_size": 2, "stride": 1}, [31, 16, 8, 4]),
        (32, {}, [16, 8, 4, 2]),
        (28, {}, [14, 7, 4, 2]),
        (28, {"ceil_mode": False}, [14, 7, 3, 1]),
        (8, {"ceil_mode": False}, [4, 2, 1, 1]),  # a map of one pixel cannot be pooled
    ],
)
def test_sizes_of_the_maps_by_hand(image_size, keys, expected, build):
    model, x = build("speednet", "batch", image_size=image_size, **keys), torch.randn(2, 3, image_size, image_size)
    sizes = []
    for layer in model:
        x = layer(x)
        if isinstance(layer, Whitening | nn.MaxPool2d):
            sizes.append(x.shape[2])
    assert sizes == [*expected, 1]  # the last pool leaves one pixel


def test_ceil_mode_defaults_to_the_value_of_old_runs(build):
    option = OmegaConf.load(CONF / "model" / "speednet.yaml")
    keys = {key: value for key, value in option.items() if key not in ("defaults", "_target_", "ceil_mode")}
    model = SpeedNet(10, 3, 31, batch(), nn.ReLU, **keys)
    *pools, last = (layer for layer in model if isinstance(layer, nn.MaxPool2d))
    assert pools and all(layer.ceil_mode for layer in pools)


def test_logits_are_scaled(build):
    torch.manual_seed(0)
    model, x = build("speednet", "batch", logit_scale=0.5), torch.randn(2, 3, 32, 32)
    assert isinstance(model[-1], Scale)
    torch.testing.assert_close(model(x), nn.Sequential(*list(model)[:-1])(x) / 2)
