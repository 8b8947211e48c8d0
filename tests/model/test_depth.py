"""The layers of networks, counted by hand in torchvision and by timm in its own."""

import pytest
import torch

from ablate.backend.torchvision import torchvision
from ablate.model.depth import depths
from ablate.model.head import head

# The stem, then blocks, then the layers of the head.
LAYERS = {
    "resnet18": 1 + 8 + 1,
    "resnet50": 1 + 16 + 1,
    "vgg11": 8 + 3,
    "vit_b_32": 1 + 12 + 1,
    "convnext_tiny": 1 + 18 + 3 + 1,  # three convolutions between the stages
    "mobilenet_v3_small": 1 + 11 + 1 + 2,
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_torchvisions_networks(name):
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, num_classes=5)
    depth = depths(model)
    assert list(depth) == [name for name, _ in model.named_parameters()]
    assert set(depth.values()) == set(range(LAYERS[name]))
    assert {number for name, number in depth.items() if name in head(model)} == {LAYERS[name] - 1}


def test_blocks_with_a_shortcut_are_one_layer_and_a_norm_belongs_to_the_layer_before_it():
    with torch.device("meta"):
        depth = depths(torchvision.models.get_model("resnet18", weights=None))
    assert depth["conv1.weight"] == depth["bn1.bias"] == 0
    assert depth["layer2.0.conv1.weight"] == depth["layer2.0.downsample.0.weight"] == depth["layer2.0.bn2.bias"] == 3
    with torch.device("meta"):
        depth = depths(torchvision.models.get_model("vit_b_32", weights=None))
    assert depth["class_token"] == depth["encoder.pos_embedding"] == depth["conv_proj.bias"] == 0
    assert depth["encoder.ln.weight"] == depth["encoder.layers.encoder_layer_11.mlp.0.weight"] == 12


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_convnext"])
def test_layers_of_timms_networks_are_timms(name):
    timm = pytest.importorskip("timm")
    from timm.optim import param_groups_layer_decay

    model = timm.create_model(name, num_classes=5)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    depth = depths(model)
    last = max(depth.values())
    groups = param_groups_layer_decay(model, layer_decay=0.5)
    scales = {names[id(p)]: group["lr_scale"] for group in groups for p in group["params"]}
    assert {name: 0.5 ** (last - number) for name, number in depth.items()} == scales
