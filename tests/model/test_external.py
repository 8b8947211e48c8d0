import sys
from collections import Counter

import pytest
import torch
from torch import nn

from ablate import activation, normalization
from ablate.backend.torchvision import torchvision
from ablate.model.external import timm_model, torchvision_model
from ablate.normalization import InstanceNorm, StandardizedConv2d
from ablate.terminal.errors import InputError


def make(name, norm, act, channels=3, image_size=32, source=torchvision_model):
    return source(name, 10, channels, image_size, norm, act)


def kinds(model):
    return Counter(type(m).__name__ for m in model.modules())


def test_the_original_normalization_and_activation_give_the_original_model():
    model = make("resnet18", normalization.batch(0.1), activation.relu()).eval()
    reference = torchvision.models.resnet18(weights=None, num_classes=10).eval()
    reference.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model(images), reference(images))


def test_every_layer_is_replaced():
    # He et al. 2016: 20 convolutions, each with a norm, and 17 activations; the two of a block share a module.
    with torch.device("meta"):
        model = make("resnet18", normalization.weight_standardization(8), activation.silu())
    counts = kinds(model)
    assert (counts["StandardizedConv2d"], counts["GroupNorm"], counts["SiLU"]) == (20, 20, 9)
    assert not counts["Conv2d"] + counts["BatchNorm2d"] + counts["ReLU"]


def test_normalization_none_leaves_no_norm():
    with torch.device("meta"):
        counts = kinds(make("resnet18", normalization.none(), activation.relu()))
    assert counts["BatchNorm2d"] == 0 and counts["Identity"] == 20


def test_dropout_does_not_overwrite_the_output_of_an_activation():
    """In-place dropout follows the activations of mobilenet_v3, and the gradient of a ReLU needs its output."""
    model = make("mobilenet_v3_small", normalization.batch(0.1), activation.relu())
    model(torch.ones(2, 3, 32, 32)).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_gates_are_unchanged():
    with torch.device("meta"):
        before = kinds(torchvision.models.mobilenet_v3_small(weights=None))
        model = make("mobilenet_v3_small", normalization.weight_standardization(8), activation.gelu())
    after = kinds(model)
    assert after["GELU"] == before["Hardswish"] + before["ReLU"] == 33
    assert after["Hardsigmoid"] == before["Hardsigmoid"] == 9
    # No norm follows the two 1x1 convolutions of each gate, so they are not replaced.
    assert after["StandardizedConv2d"] == 34 and after["Conv2d"] == 2 * 9


def test_norms_of_tokens_and_of_maps():
    with torch.device("meta"):
        model = make("convnext_tiny", normalization.batch(0.1), activation.relu())
    counts = kinds(model)
    # Liu et al. 2022: 3 + 3 + 9 + 3 blocks; norms in the stem, before three downsamplings and before the classifier.
    assert (counts["BatchNorm1d"], counts["BatchNorm2d"], counts["ReLU"]) == (18, 5, 18)
    assert not counts["LayerNorm"] + counts["LayerNorm2d"] + counts["GELU"]


def test_a_vision_transformer_is_built_for_the_image_size():
    with torch.device("meta"):
        model = make("vit_b_16", normalization.layer(), activation.gelu(), channels=1)
        assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
    assert model.encoder.pos_embedding.shape == (1, 5, 768)  # 2x2 patches and the class token
    assert kinds(model)["Tokens"] == 25


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_0", "mobilenet_v3_small", "densenet121"])
def test_grayscale_images(name):
    norm = normalization.none() if name == "squeezenet1_0" else normalization.group(8)
    with torch.device("meta"):
        model = make(name, norm, activation.relu(), channels=1)
        assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
    assert next(m for m in model.modules() if isinstance(m, nn.Conv2d)).in_channels == 1


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_outputs_are_off(name):
    with torch.device("meta"):
        model = make(name, normalization.batch(0.1), activation.relu(), image_size=96)
        assert model.train()(torch.zeros(2, 3, 96, 96)).shape == (2, 10)


@pytest.mark.parametrize("name", ["googlenet", "densenet121"])
def test_an_activation_that_cannot_be_replaced_is_refused(name):
    with (
        torch.device("meta"),
        pytest.raises(InputError, match=f"{name} calls relu as a function.* Use activation=relu"),
    ):
        make(name, normalization.batch(0.1), activation.gelu(), image_size=96)


def test_a_model_without_norms_accepts_only_none():
    with torch.device("meta"):
        with pytest.raises(InputError, match="squeezenet1_0 has no normalization layer.* Use normalization=none"):
            make("squeezenet1_0", normalization.batch(0.1), activation.relu())
        assert kinds(make("squeezenet1_0", normalization.none(), activation.mish()))["Mish"] == 26


def test_unsupported_image_sizes_are_refused():
    with torch.device("meta"):
        with pytest.raises(InputError, match="inception_v3 cannot be built for images of 3x8x8: .* another image size"):
            make("inception_v3", normalization.batch(0.1), activation.relu(), image_size=8)
        with pytest.raises(InputError, match="vit_b_16 cannot be built for images of 1x28x28: .* another image size"):
            make("vit_b_16", normalization.layer(), activation.gelu(), channels=1, image_size=28)


def test_instance_norm_is_refused_for_vectors_and_1x1_maps():
    with torch.device("meta"):
        with pytest.raises(InputError, match="normalization=instance"):
            make("convnext_tiny", normalization.instance(), activation.relu())
        with pytest.raises(InputError, match="1x1"):
            make("resnet18", normalization.instance(), activation.relu(), image_size=32)
        model = make("resnet18", normalization.instance(), activation.relu(), image_size=64)
    assert sum(isinstance(m, InstanceNorm) for m in model.modules()) == 20


def test_the_nearest_name_is_suggested_for_an_unknown_one():
    with pytest.raises(InputError, match="model.name=resnet81 is not a classifier of torchvision.*resnet18"):
        make("resnet81", normalization.batch(0.1), activation.relu())


def test_checking_the_model_draws_no_random_number():
    torch.manual_seed(0)
    torchvision.models.mobilenet_v3_small(weights=None, num_classes=10)
    expected = torch.rand(1)
    torch.manual_seed(0)
    model = make("mobilenet_v3_small", normalization.batch(0.1), activation.relu())
    assert torch.equal(torch.rand(1), expected)
    assert all(m.training for m in model.modules())
    assert not any(m.running_mean.any() for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def test_timm_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"pip install 'hydra-ablate\[timm\]'"):
        make("resnet18", normalization.batch(0.1), activation.relu(), source=timm_model)


def test_timm():
    timm = pytest.importorskip("timm")
    model = make("resnet18", normalization.batch(0.1), activation.relu(), channels=1, source=timm_model).eval()
    reference = timm.create_model("resnet18", num_classes=10, in_chans=1).eval()
    reference.load_state_dict(model.state_dict())
    images = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model(images), reference(images))

    with pytest.raises(InputError, match="model.name=resnet81 is not a classifier of timm.*resnet"):
        make("resnet81", normalization.batch(0.1), activation.relu(), source=timm_model)


def test_timm_norms_that_contain_an_activation():
    pytest.importorskip("timm")
    model = make(
        "efficientnet_b0", normalization.weight_standardization(8), activation.gelu(), source=timm_model
    ).eval()
    counts = kinds(model)
    # Tan & Le 2019: stem, head and 16 blocks of 3 convolutions, the first of 2; all but a block's last are activated,
    # and so is each block's gate.
    assert counts["GroupNorm"] == counts["StandardizedConv2d"] == 2 + 15 * 3 + 2 == 49
    assert counts["GELU"] == 49 - 16 + 16 and not counts["SiLU"]
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert isinstance(model.conv_stem, StandardizedConv2d)


def test_a_timm_transformer_is_built_for_the_image_size():
    pytest.importorskip("timm")
    model = make("vit_tiny_patch16_224", normalization.layer(), activation.relu(), source=timm_model).eval()
    assert model.pos_embed.shape == (1, 5, 192)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_timm_padding_that_cannot_be_standardized_is_refused():
    pytest.importorskip("timm")
    with pytest.raises(InputError, match="Conv2dSame, .* Use normalization=group"):
        make("tf_efficientnet_b0", normalization.weight_standardization(8), activation.silu(), source=timm_model)


def test_native_layers_are_those_of_the_library():
    timm = pytest.importorskip("timm")
    for source, reference in (
        (torchvision_model, torchvision.models.get_model("convnext_tiny", weights=None, num_classes=10)),
        (timm_model, timm.create_model("test_vit", num_classes=10, img_size=32)),
    ):
        name = "convnext_tiny" if source is torchvision_model else "test_vit"
        model = make(name, normalization.native(), activation.native(), source=source)
        assert str(model) == str(reference)


def test_options_are_passed_to_the_library():
    pytest.importorskip("timm")
    native = normalization.native(), activation.native()
    model = timm_model("test_resnet", 10, 3, 32, *native, {"drop_path_rate": 0.25})
    rates = [module.drop_prob for module in model.modules() if type(module).__name__ == "DropPath"]
    assert max(rates) == 0.25
    model = torchvision_model("mobilenet_v3_small", 10, 3, 32, *native, {"dropout": 0.125})
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {0.125}


@pytest.mark.parametrize(
    ("source", "name", "options", "message"),
    [
        (timm_model, "test_resnet", {"drop_pth_rate": 0.1}, "Did you mean model.options.drop_path_rate"),
        (timm_model, "test_vit", {"drop_path_rate": 1.5}, "must be at least 0 and below 1"),
        (timm_model, "test_vit", {"depth": 1.5}, "test_vit cannot be built"),
        (
            timm_model,
            "test_vit",
            {"depth": "many"},
            "options.depth=many is not allowed: .* test_vit expects .* type int",
        ),
        (timm_model, "test_vit", {"qkv_bias": "no"}, "options.qkv_bias=no is not allowed: .* type bool"),
        (timm_model, "test_resnet", {"global_pool": 3}, "options.global_pool=3 is not allowed: .* type str"),
        (timm_model, "test_resnet", {"drop_rate": [0.1]}, r"options.drop_rate=\[0.1\] is not allowed: .* type float"),
        (torchvision_model, "vit_b_16", {"dropout": "high"}, "options.dropout=high is not allowed: .* type float"),
        (timm_model, "test_vit", {"num_classes": 3}, "it follows from the images"),
        # Arguments of timm's factory read files, also pickled ones.
        *((timm_model, "test_vit", {key: "x.pt"}, "no such argument") for key in ("checkpoint_path", "pretrained_cfg")),
        (torchvision_model, "resnet18", {"weights": "DEFAULT"}, "no such argument"),
        (
            torchvision_model,
            "swin_t",
            {"stochastic_depth_prop": 0.1},
            "Did you mean model.options.stochastic_depth_prob",
        ),
    ],
)
def test_options_that_the_library_does_not_know_are_refused(source, name, options, message):
    pytest.importorskip("timm")
    with pytest.raises(InputError, match=message):
        source(name, 10, 3, 32, normalization.native(), activation.native(), options)
