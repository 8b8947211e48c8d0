"""The networks of timm and torchvision, their frozen layers and weights are checked before the first run of a study."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from ablate.backend.torchvision import torchvision
from ablate.config import CONF, register
from ablate.data.prepare import Inputs
from ablate.model import pretrained
from ablate.model.build import build_model
from ablate.study.networks import check_network
from ablate.terminal.errors import InputError
from tests.processes import ablate

timm = pytest.importorskip("timm")
register()
NATIVE = ("normalization=native", "activation=native")


def composed(*words: str):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", ["data=digits", "model=timm", "model.name=test_resnet", *NATIVE, *words])


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a network, as they are and with another shape, with a number that is none, and of another network."""
    folder = tmp_path_factory.mktemp("weights")
    state = timm.create_model("test_resnet", num_classes=7).state_dict()
    torch.save(state, folder / "fitting.pt")
    torch.save({**state, "bn1.weight": torch.ones(3)}, folder / "shape.pt")
    torch.save({**state, "conv1.0.weight": torch.full_like(state["conv1.0.weight"], torch.nan)}, folder / "nan.pt")
    torch.save(timm.create_model("test_efficientnet", num_classes=7).state_dict(), folder / "other.pt")
    return folder


REFUSED = {
    "layer": (["model.freeze=[layr1]"], "no parameter of the model starts with layr1. Did you mean layer1"),
    "network": (["model.weights=other.pt"], "other.pt is not for model.name=test_resnet.*tensors are missing"),
    "name": (
        ["model.name=test_resnit"],
        "model.name=test_resnit is not a classifier of timm. Did you mean test_resnet",
    ),
    "everything": (["model.freeze=[conv1,bn1,layer1,layer2,layer3,layer4,fc]"], "no parameter is left to train"),
    "option": (["model.options={depth: 3}"], "test_resnet has no such argument"),
    "shape": (["model.weights=shape.pt"], r"not for model.name=test_resnet.*bn1.weight"),
    "number": (["model.weights=nan.pt"], "NaN or infinite: conv1.0.weight"),
    "library": (["model.name=resnet10t.x", "model.weights=default"], "resnet10t.x is not a classifier"),
    "image": (["model.name=test_vit", "data=mnist"], "cannot be built for images of 1x28x28"),
    "layers": (
        ["model=torchvision", "model.name=vgg11", "normalization=batch", "data=cifar10"],
        "no normalization layer",
    ),
    "torchvision": (
        ["model=torchvision", "model.name=regnet_x_400mf", "model.freeze=[stam]", "data=cifar10"],  # not on device meta
        "no parameter of the model starts with stam. Did you mean stem",
    ),
}
SLOW = pytest.mark.integration


@pytest.mark.parametrize("kind", [*list(REFUSED)[:2], *(pytest.param(kind, marks=SLOW) for kind in list(REFUSED)[2:])])
def test_what_a_run_would_end_with_is_refused(weights, monkeypatch, kind):
    words, message = REFUSED[kind]
    monkeypatch.chdir(weights)
    config = composed(*words)
    for _ in range(2):  # again, from the cache
        with pytest.raises(InputError, match=message):
            check_network(config)


@pytest.mark.parametrize(
    "words",
    [
        ("model.weights=fitting.pt", "model.freeze=[conv1,bn1]"),
        pytest.param(("model.weights=fitting.pt", "data=cifar10", "model.freeze=all_but_head"), marks=SLOW),
        pytest.param(("model.weights=default",), marks=SLOW),  # nothing is downloaded
        pytest.param(("model=cnn", "normalization=batch", "activation=relu"), marks=SLOW),
        pytest.param(("model=torchvision", "model.name=squeezenet1_1", "data=cifar10"), marks=SLOW),
    ],
)
def test_what_can_be_trained_is_accepted_and_draws_no_random_number(weights, monkeypatch, words):
    monkeypatch.chdir(weights)
    config = composed(*words)
    before = torch.get_rng_state()
    check_network(config)
    assert torch.equal(torch.get_rng_state(), before)


@SLOW
def test_another_file_at_the_same_path_is_checked_again(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = composed("model.weights=w.pt")
    Path("w.pt").write_bytes((weights / "fitting.pt").read_bytes())
    check_network(config)
    Path("w.pt").write_bytes((weights / "other.pt").read_bytes())
    with pytest.raises(InputError, match="is not for model.name=test_resnet"):
        check_network(config)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("library", "name"),
    [
        *(("torchvision", name) for name in ("resnet18", "swin_t", "densenet121", "googlenet")),
        *(("timm", name) for name in ("vit_tiny_patch16_224", "efficientnet_b0", "convnext_atto")),
    ],
)
def test_on_the_device_meta_the_verdict_on_weights_is_that_of_a_run(tmp_path, library, name):
    models = {"torchvision": torchvision.models.get_model, "timm": timm.create_model}
    options = ["model.options={transform_input: true}"] if name == "googlenet" else []
    words = [f"model={library}", f"model.name={name}", "data=stl10", *options]
    state = models[library](name, num_classes=1000).state_dict()
    first = next(key for key, value in state.items() if value.ndim > 1)
    for changed in ({}, {first: torch.ones(2, 3)}):
        torch.save({**state, **changed}, tmp_path / "w.pt")
        config = composed(*words, f"model.weights={tmp_path}/w.pt")
        for check in (partial(check_network, config), partial(load, config)):
            with pytest.raises(InputError, match=first) if changed else nullcontext():
                check()


def load(config) -> None:
    """What a run does: build the network, and load the weights."""
    data = Inputs(tuple("0123456789"), 3, 96, torch.ones(3), torch.ones(3))
    pretrained.load(build_model(config, data), config, data)


@pytest.mark.integration
def test_all_variants_that_cannot_be_trained_are_named_before_the_first_run(weights):
    words = ("model=timm", "model.name=test_resnet", *NATIVE, "data=digits", "trainer.epochs=1", "seed=0,1")
    swept = ("model.weights=null,fitting.pt,other.pt", "model.freeze=null,[layr1],all_but_head")
    for command in (("plan", "study.name=s"), ("train", "-m", "study.name=s")):
        ended = ablate(weights, *command, *words, *swept)
        text = " ".join(ended.stderr.split())
        assert ended.returncode == 2 and "Traceback" not in text
        # freeze=[layr1] with two of the weights, other.pt with all three: the layer is checked before the weights.
        assert "Run model.freeze=[layr1]/seed=0 and 5 others: model.freeze: no parameter" in text
        assert "Run model.weights=other.pt/seed=0 and 3 others: model.weights=other.pt is not for" in text
    assert not (weights / "outputs").exists() or not list((weights / "outputs").rglob("run.json"))
