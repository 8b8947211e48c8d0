"""Frozen layers are not trained, and stay in evaluation mode."""

import pytest
import torch
from torch import nn

from ablate.backend.torchvision import torchvision
from ablate.model.freezing import freeze
from ablate.model.head import head
from ablate.terminal.errors import InputError


def network():
    torch.manual_seed(0)
    return torchvision.models.get_model("resnet18", weights=None, num_classes=5)


def trained(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "vgg11", "squeezenet1_0", "vit_b_32", "convnext_tiny"])
def test_the_head_of_torchvisions_networks_is_what_depends_on_the_number_of_classes(name):
    with torch.device("meta"):
        models = [torchvision.models.get_model(name, weights=None, num_classes=count) for count in (5, 6)]
    one, other = ({n: p.shape for n, p in model.named_parameters()} for model in models)
    assert head(models[0]) == {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "deit_tiny_distilled_patch16_224", "test_convnext"])
def test_the_head_of_timms_networks_is_what_depends_on_the_number_of_classes(name):
    timm = pytest.importorskip("timm")
    models = [timm.create_model(name, num_classes=count) for count in (5, 6)]
    one, other = ({n: p.shape for n, p in model.named_parameters()} for model in models)
    assert head(models[0]) == {name for name in one if one[name] != other[name]}


def test_all_but_the_head_or_layers_by_the_start_of_their_names():
    model = network()
    freeze(model, "all_but_head")
    assert trained(model) == {"fc.weight", "fc.bias"}
    model = network()
    freeze(model, ["conv1", "layer1.0", "layer2"])
    assert {name.rpartition(".")[0] for name in trained(model)} == {
        name.rpartition(".")[0]
        for name, _ in network().named_parameters()
        if not name.startswith(("conv1.", "layer1.0.", "layer2."))
    }
    assert freeze(model, None) == []


def test_frozen_layers_do_not_change_in_training_nor_do_their_statistics():
    model = network()
    model.layer1.append(nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(64, affine=False)))
    modules = freeze(model, ["conv1", "bn1", "layer1"])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    for module in modules:
        module.eval()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    model(torch.randn(4, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    same = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    frozen = {name for name in before if name.startswith(("conv1.", "bn1.", "layer1."))}
    assert frozen <= same and {"layer2.0.bn1.running_mean", "fc.weight"}.isdisjoint(same)
    assert not model.layer1[2][0].training  # dropout


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["laier1"], "no parameter of the model starts with laier1. Did you mean layer1?"),
        (["layer"], "starts with layer. Did you mean layer"),
        (["layer1", "backbone"], "starts with backbone. Its layers are conv1, bn1, layer1"),
        (["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"], "no parameter is left to train"),
    ],
)
def test_unknown_names_and_frozen_networks_are_refused(names, message):
    with pytest.raises(InputError) as error:
        freeze(network(), names)
    assert message in str(error.value)
