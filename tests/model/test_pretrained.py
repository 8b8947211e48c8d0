"""Pretrained weights: what is loaded, what is not, and which files are refused."""

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

from ablate.backend.torchvision import torchvision
from ablate.config import CONF
from ablate.data.prepare import Inputs
from ablate.model import pretrained
from ablate.model.build import build_model
from ablate.model.head import head
from ablate.model.initialization import initialize
from ablate.terminal.errors import InputError

timm = pytest.importorskip("timm")


def configuration(name, weights, library="timm", **keys):
    groups = {"model": library, "normalization": "native", "activation": "native"}
    options = {group: OmegaConf.load(CONF / group / f"{option}.yaml") for group, option in groups.items()}
    config = OmegaConf.create({group: dict(option, defaults=None) for group, option in options.items()})
    for group in groups:
        del config[group]["defaults"]
    settings = {"name": name, "weights": None if weights is None else str(weights), **keys}
    return OmegaConf.merge(config, {"model": settings})


def inputs(classes=4, channels=3, image_size=32):
    return Inputs(
        tuple(map(str, range(classes))), channels, image_size, torch.full((channels,), 0.5), torch.ones(channels)
    )


def built(config, data, seed=0):
    model = initialize(lambda: build_model(config, data), seed)
    pretrained.load(model, config, data)
    return model


def network(name, library, classes=7, **keys):
    """A network of the library, with weights that are not those of any seed."""
    torch.manual_seed(3)
    if library == "timm":
        return timm.create_model(name, num_classes=classes, **keys)
    return torchvision.models.get_model(name, weights=None, num_classes=classes)


NETWORKS = [
    ("test_resnet", "timm"),
    ("test_efficientnet", "timm"),
    ("squeezenet1_1", "torchvision"),
    ("shufflenet_v2_x0_5", "torchvision"),
]


@pytest.mark.parametrize(("name", "library"), NETWORKS)
def test_all_but_a_head_of_other_classes_is_loaded_and_the_head_is_that_of_the_seed_scaled_down(
    tmp_path, name, library
):
    source = network(name, library)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    config, untrained = (configuration(name, weights, library) for weights in (tmp_path / "w.pt", None))
    model, start = (built(c, inputs(), seed=5) for c in (config, untrained))
    heads = head(model)
    for key, value in model.state_dict().items():
        if key not in heads:
            assert torch.equal(value, source.state_dict()[key])
        elif value.ndim == 1:
            assert torch.equal(value, start.state_dict()[key])
        else:
            seeded = start.state_dict()[key]
            torch.testing.assert_close(value, seeded * min(1, 0.01 / seeded.std()))


@pytest.mark.parametrize(("name", "library"), [*NETWORKS[:2], ("test_vit", "timm")])
@pytest.mark.parametrize("classes", [2, 9])
def test_a_new_head_starts_with_nearly_equal_probabilities(tmp_path, name, library, classes):
    options = {"img_size": 64} if name == "test_vit" else {}
    torch.save(network(name, library, **options).state_dict(), tmp_path / "w.pt")
    data = inputs(classes, image_size=64)
    model = built(configuration(name, tmp_path / "w.pt", library), data).eval()
    images = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert (model(images).softmax(1) - 1 / classes).abs().max() < 0.1


@pytest.mark.parametrize(("name", "library"), NETWORKS[::2])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_with_as_many_classes_the_network_is_the_librarys(tmp_path, name, library, suffix):
    source = network(name, library, classes=4).eval()
    save = torch.save if suffix == "pth" else save_file
    save(source.state_dict(), path := tmp_path / f"w.{suffix}")
    model = built(configuration(name, path, library), inputs()).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model(images), source(images))


def test_weights_without_a_head_keep_the_new_one(tmp_path):
    source = network("test_resnet", "timm").state_dict()
    torch.save({key: value for key, value in source.items() if not key.startswith("fc.")}, tmp_path / "w.pt")
    model, start = (built(configuration("test_resnet", path), inputs()) for path in (tmp_path / "w.pt", None))
    torch.testing.assert_close(model.fc.weight, start.fc.weight * (0.01 / start.fc.weight.std()))
    assert torch.equal(model.layer1[0].conv1.weight, source["layer1.0.conv1.weight"])


@pytest.mark.parametrize(("name", "library"), NETWORKS)
def test_on_grayscale_images_the_network_gives_what_it_gives_on_the_same_gray_in_color(tmp_path, name, library):
    source = network(name, library, classes=4).eval()
    torch.save(source.state_dict(), tmp_path / "w.pt")
    model = built(configuration(name, tmp_path / "w.pt", library), inputs(channels=1)).eval()
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(images), source(images.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-4)


def test_weights_for_grayscale_images_are_loaded_for_them_and_refused_for_color(tmp_path):
    source = network("test_resnet", "timm", in_chans=1)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    config = configuration("test_resnet", tmp_path / "w.pt")
    model = built(config, inputs(channels=1))
    assert torch.equal(model.conv1[0].weight, source.conv1[0].weight)
    with pytest.raises(InputError, match="is for images of 1 channel, but these have 3"):
        built(config, inputs())


def test_position_embeddings_are_interpolated_as_timm_does(tmp_path):
    source = network("test_vit", "timm", img_size=64)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    model = built(configuration("test_vit", tmp_path / "w.pt"), inputs())
    path, size = str(tmp_path / "w.pt"), {"num_classes": 7}
    reference = timm.create_model(
        "test_vit", pretrained=True, pretrained_cfg_overlay={"file": path, **size}, img_size=32, **size
    )
    assert torch.equal(model.pos_embed, reference.pos_embed)
    assert not torch.equal(model.pos_embed, timm.create_model("test_vit", img_size=32).pos_embed)


def test_options_and_layers_are_unchanged_by_weights(tmp_path):
    torch.save(network("test_resnet", "timm").state_dict(), tmp_path / "w.pt")
    config = configuration("test_resnet", tmp_path / "w.pt", options={"drop_path_rate": 0.25})
    assert str(built(config, inputs())) == str(timm.create_model("test_resnet", num_classes=4, drop_path_rate=0.25))


def broken(state, key, value):
    return {
        **{name: tensor for name, tensor in state.items() if name != key},
        **({} if value is None else {key: value}),
    }


MISFITS = {
    "another network": (lambda s: network("test_vit", "timm").state_dict(), "tensors are missing (conv1.0.weight"),
    "a missing tensor": (
        lambda s: broken(s, "bn1.weight", None) if "bn1.weight" in s else broken(s, "conv1.1.weight", None),
        "1 tensor is missing",
    ),
    "an unknown tensor": (lambda s: {**s, "extra.weight": torch.ones(2)}, "1 tensor is unknown (extra.weight)"),
    "a tensor of another shape": (
        lambda s: broken(s, "layer1.0.conv1.weight", torch.ones(2, 3)),
        "layer1.0.conv1.weight of 2x3 instead of",
    ),
    "a larger network": (
        lambda s: {k: v if v.ndim != 4 else v.repeat(2, 1, 1, 1) for k, v in s.items()},
        "of another shape",
    ),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_weights_that_do_not_fit_are_refused_in_a_sentence(tmp_path, kind):
    change, message = MISFITS[kind]
    torch.save(change(network("test_resnet", "timm").state_dict()), tmp_path / "w.pt")
    with pytest.raises(InputError) as error:
        built(configuration("test_resnet", tmp_path / "w.pt"), inputs())
    text = str(error.value)
    assert "w.pt is not for model.name=test_resnet" in text and message in text and "\n" not in text


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("name", ["layer1.0.conv1.weight", "bn1.running_mean", "fc.bias"])
def test_weights_that_are_no_numbers_are_refused_and_named(tmp_path, name, value):
    state = network("test_resnet", "timm").state_dict()
    (state[name] if name in state else state[name := "fc.bias"]).view(-1)[0] = value
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(InputError, match=f"w.pt has weights that are NaN or infinite: {name}. "):
        built(configuration("test_resnet", tmp_path / "w.pt"), inputs())


def test_the_librarys_weights_are_taken_from_its_cache(tmp_path, monkeypatch):
    """Both libraries download to a folder, from which these are read without a network."""
    source = network("squeezenet1_1", "torchvision")
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    torch.save(source.state_dict(), tmp_path / "hub/checkpoints/squeezenet1_1-b8a52dc0.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    config = configuration("squeezenet1_1", "default", "torchvision")
    model = built(config, inputs())
    assert torch.equal(model.features[0].weight, source.features[0].weight)
    assert len(pretrained.default_sha256(config.model)) == 64
    assert pretrained.default_sha256(configuration("squeezenet1_1", None, "torchvision").model) is None


@pytest.mark.parametrize(
    ("name", "library", "url"),
    [
        ("test_resnet", "timm", "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"),
        ("resnet18", "torchvision", "https://download.pytorch.org/models/resnet18-f37072fd.pth"),
    ],
)
def test_without_a_network_the_message_states_the_file_to_fetch(tmp_path, monkeypatch, name, library, url):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(InputError) as error:
        pretrained.file(configuration(name, "default", library).model)
    assert f"Download {url} on a computer with a network" in str(error.value) and "model.weights=FILE" in str(
        error.value
    )
