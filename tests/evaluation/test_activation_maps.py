"""Class activation maps whose values are known, and the layer that they are of."""

import numpy as np
import pytest
import torch
from torch import nn

from ablate.activation import relu
from ablate.evaluation.activation_maps import enlarged, grad_cam, most_different
from ablate.model.vit import ViT
from ablate.normalization import batch


class Mean(nn.Module):
    """The mean over places: (N, C, H, W) -> (N, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class ChannelsLast(nn.Module):
    """(N, C, H, W) -> (N, H, W, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1)


class LastMean(nn.Module):
    """The mean over places: (N, H, W, C) -> (N, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2))


class ClassToken(nn.Module):
    """A transformer's last block: patches (N, 1, 4, 4) as tokens after a class token, which alone gives the class."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(3)
        self.late = nn.ReLU()
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = x.flatten(2).mT.expand(-1, -1, 3) * torch.tensor([1.0, -2.0, 3.0])
        tokens = self.norm(torch.cat([torch.zeros(len(x), 1, 3), patches], 1))
        mixed = torch.cat([tokens[:, :1] + (tokens[:, 1:] ** 2).mean(1, keepdim=True), tokens[:, 1:]], 1)
        return self.head(self.late(mixed)[:, 0])


def scaled(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / (high - low)


@pytest.mark.parametrize("is_last", [False, True])
def test_with_a_mean_and_a_linear_layer_the_map_is_zhous(is_last):
    """Zhou et al. (2016): the sum of the channels with the weights of the class."""
    torch.manual_seed(0)
    layers = [ChannelsLast(), LastMean()] if is_last else [Mean()]
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), *layers, nn.Linear(6, 3)).eval()
    images, classes = torch.randn(4, 1, 7, 7), torch.tensor([0, 2, 1, 2])
    maps = grad_cam(model, images, classes)
    with torch.no_grad():
        channels, weights = model[:2](images).numpy(), model[-1].weight[classes].numpy()
    expected = np.maximum(np.einsum("nk,nkij->nij", weights, channels), 0)
    np.testing.assert_allclose(maps.values.numpy(), scaled(expected), atol=1e-6)
    assert maps.layer == ("2" if is_last else "1")
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(layer._forward_hooks for layer in model.modules())


def test_the_layer_before_pooling_is_used_also_of_a_container():
    features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    model = nn.Sequential(features, nn.Flatten(), nn.Linear(64, 2)).eval()
    maps = grad_cam(model, torch.randn(2, 1, 8, 8), torch.tensor([0, 1]))
    assert maps.layer == "0.1" and maps.values.shape == (2, 8, 8)


def test_the_layer_is_one_that_the_class_depends_on():
    maps = grad_cam(ClassToken().eval(), torch.randn(2, 1, 4, 4), torch.tensor([0, 1]))
    assert maps.layer == "norm" and maps.values.shape == (2, 4, 4)


def test_frozen_networks_and_vision_transformers_have_maps():
    model = ViT(3, 1, 8, batch(), relu(), patch_size=2, width=8, depth=2, heads=2, mlp_ratio=2, dropout=0.1)
    model = model.requires_grad_(False).eval()
    one, other = (grad_cam(model, torch.ones(2, 1, 8, 8) * torch.rand(8), torch.tensor([0, 1])) for _ in range(2))
    assert one.values.shape == other.values.shape == (2, 4, 4)


def test_equal_inputs_give_equal_maps():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), Mean(), nn.Linear(4, 2)).eval()
    images, classes = torch.randn(2, 3, 8, 8), torch.tensor([0, 1])
    assert torch.equal(grad_cam(model, images, classes).values, grad_cam(model, images, classes).values)


def test_a_network_without_places_has_no_maps():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    assert grad_cam(model, torch.randn(2, 1, 8, 8), torch.tensor([0, 1])) is None


def test_maps_are_enlarged_to_bytes():
    large = enlarged(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), 4)
    assert large.dtype == torch.uint8 and large[0, 0].tolist() == [0, 64, 191, 255]  # centers of pixels


def test_the_images_on_which_two_networks_differ_by_hand():
    """Labels are 0. Gains in the probability of the true class: +.8, -.6, 0, +.4, -.2, +.6, and one that both miss."""
    baseline = torch.tensor([0.1, 0.9, 0.9, 0.3, 0.6, 0.2, 0.1]).logit()
    variant = torch.tensor([0.9, 0.3, 0.9, 0.7, 0.4, 0.8, 0.4]).logit()
    pair = [torch.stack([values, torch.zeros(7)], 1) for values in (baseline, variant)]
    labels = torch.zeros(7, dtype=torch.int64)
    assert most_different(*pair, labels, 4).tolist() == [0, 5, 1, 4]
    assert most_different(*pair, labels, 2).tolist() == [0, 1]
    assert most_different(*pair, labels, 8).tolist() == [0, 5, 3, 1, 4]
    assert most_different(pair[0], pair[0], labels, 8).tolist() == []
