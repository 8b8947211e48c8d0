"""Properties of every option of model."""

from collections import Counter
from importlib.util import find_spec

import pytest
import torch
from torch import nn

from ablate import optimizer
from ablate.config import CONF
from ablate.normalization import StandardizedConv2d

OPTIONS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
LAYERED = [name for name in OPTIONS if name not in ("timm", "torchvision")]
INSTALLED = [name for name in OPTIONS if name != "timm" or find_spec("timm")]  # an optional extra
SHAPES = [(1, 8), (1, 28), (3, 32), (3, 96)]
NORMALIZATIONS = {
    "none": nn.Identity,
    "batch": nn.BatchNorm2d,
    "layer": nn.GroupNorm,
    "group": nn.GroupNorm,
    "instance": nn.GroupNorm,
    "weight_standardization": nn.GroupNorm,
}

# Convolutions and normalization layers, counted from the tables of the papers.
LAYERS = {
    "cnn": (5, 5),
    "alexnet": (5, 5),
    "vgg": (13, 13),  # 16 less three fully connected
    "resnet": (19, 19),  # 20 less one fully connected
    "wide_resnet": (16, 13),  # 12 and the stem and three shortcuts; one before each of the 12, and the last
}


@pytest.mark.parametrize("channels, size", SHAPES)
@pytest.mark.parametrize("name", INSTALLED)
def test_images_to_logits(name, channels, size, build):
    normalization = "batch" if name in ("timm", "torchvision") else "none"
    with torch.device("meta"):
        model = build(name, normalization, classes=7, channels=channels, image_size=size)
        assert model(torch.zeros(2, channels, size, size)).shape == (2, 7)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_each_normalization(name, normalization, build):
    with torch.device("meta"):
        model = build(name, normalization, "mish")
        assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    modules = list(model.modules())
    convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
    norms = [m for m in modules if isinstance(m, (nn.BatchNorm2d, nn.GroupNorm))]
    expected_convolutions, expected_norms = LAYERS[name]

    assert len(convolutions) == expected_convolutions
    assert len(norms) == (0 if normalization == "none" else expected_norms)
    assert all(isinstance(m, NORMALIZATIONS[normalization]) for m in norms)
    standardized = normalization == "weight_standardization"
    assert all(isinstance(m, StandardizedConv2d) == standardized for m in convolutions)
    if name != "cnn":  # the network of the assignment always has biases
        assert {m.bias is not None for m in convolutions} == {normalization == "none"}
    assert not any(isinstance(m, nn.ReLU) for m in modules)
    assert any(isinstance(m, nn.Mish) for m in modules)


@pytest.mark.parametrize("normalization", ["batch", "layer", "group", "weight_standardization"])
@pytest.mark.parametrize("name", ["mlp", "vit"])
def test_models_with_vectors_accept_every_normalization_but_instance(name, normalization, build):
    kind = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}.get(normalization, nn.GroupNorm)
    with torch.device("meta"):
        model = build(name, normalization)
        assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    # A norm for each of three hidden layers, or two for each of six blocks and the last.
    assert Counter(map(type, model.modules()))[kind] == {"mlp": 3, "vit": 13}[name]


@pytest.mark.parametrize("name", LAYERED)
def test_each_layer_with_parameters_can_be_initialized_again(name, build):
    with torch.device("meta"):
        model = build(name, "weight_standardization")
    layers = [m for m in model.modules() if list(m.parameters(recurse=False))]
    assert len(layers) > 4
    assert all(callable(getattr(layer, "reset_parameters", None)) for layer in layers)


@pytest.mark.parametrize("name", INSTALLED)
def test_the_last_matrix_is_the_classifier(name, build):
    with torch.device("meta"):
        model = build(name, "batch", classes=7)
    assert [p for p in model.parameters() if p.ndim > 1][-1].shape[0] == 7


@pytest.mark.parametrize("name", LAYERED)
def test_every_trained_parameter_has_a_gradient(name, build):
    torch.manual_seed(0)
    small = {"vgg": {"depth": 11}, "wide_resnet": {"depth": 10, "widen_factor": 1}, "vit": {"depth": 1}}
    model = build(name, "group", "gelu", channels=1, image_size=8, **small.get(name, {}))
    model(torch.randn(2, 1, 8, 8)).logsumexp(1).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("layer_decay", [None, 0.5])
def test_muon_trains_the_last_matrix_with_adamw(build, name, layer_decay):
    options = {"lr": 0.02, "weight_decay": 0.1, "decay_norm_and_bias": False, "layer_decay": layer_decay}
    with torch.device("meta"):
        model = build(name, "batch")
    matrices = [p for p in model.parameters() if p.ndim > 1]
    opt = optimizer.muon(model, 0.003, 0.95, True, 5, False, **options)
    first = next(group for group in opt.param_groups if not group["orthogonal"])
    assert first["params"] == [matrices[-1]] and first["lr"] == 0.003
