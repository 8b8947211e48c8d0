"""A parameter's initial value depends only on the seed, its name and its shape."""

import math

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import nn

from ablate.backend import seeding
from ablate.config import CONF, register
from ablate.data.prepare import prepare
from ablate.model.build import build_model
from ablate.model.initialization import initialize

register()


def weights(*words: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return the initial weights of the network of a configuration."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", *words])
    data = prepare(config.data)
    return dict(initialize(lambda: build_model(config, data), seed).named_parameters())


def alike(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> set[str]:
    """Return the names of randomly initialized parameters with the same values in both networks."""
    return {n for n in one.keys() & other.keys() if torch.equal(one[n], other[n]) and one[n].unique().numel() > 1}


def test_the_stream_of_a_layer_depends_on_its_name_and_shape():
    """PyTorch initializes a linear layer uniformly within 1/sqrt(inputs); here it is drawn by hand from the stream."""
    model = initialize(lambda: nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2)), seed=7)
    for name, shape, inputs in (
        ("0.weight", (5, 3), 3),
        ("0.bias", (5,), 3),
        ("1.weight", (2, 5), 5),
        ("1.bias", (2,), 5),
    ):
        generator = torch.Generator().manual_seed(seeding.key(7, "initialisation", name, str(shape), 0))
        expected = torch.empty(shape).uniform_(-1 / math.sqrt(inputs), 1 / math.sqrt(inputs), generator=generator)
        assert torch.equal(dict(model.named_parameters())[name], expected)


def test_changing_one_layer_does_not_change_the_others():
    def build(width: int):
        return nn.Sequential(nn.Linear(4, width), nn.Linear(width, 4), nn.Linear(4, 4), nn.Dropout(), nn.Linear(4, 2))

    one, other = (dict(initialize(lambda w=w: build(w), 0).named_parameters()) for w in (8, 16))
    # The bias of the next layer differs too: PyTorch draws it from an interval that depends on the inputs.
    assert alike(one, other) == {"2.weight", "2.bias", "4.weight", "4.bias"}


@pytest.mark.parametrize(
    "model",
    [
        "cnn",
        "resnet",
        "vit",
        pytest.param("torchvision model.name=resnet18", marks=pytest.mark.integration),
        pytest.param("timm model.name=resnet10t", marks=pytest.mark.integration),
    ],
)
def test_variants_of_a_network_have_the_same_initial_weights(model):
    words = f"model={model}".split()
    one, other = (weights(*words, f"normalization={name}") for name in ("batch", "group"))
    drawn = {name for name, value in one.items() if value.unique().numel() > 1}
    assert alike(one, other) == drawn and len(drawn) > 5
    assert not alike(one, weights(*words, "normalization=batch", seed=1))


def test_additional_blocks_do_not_change_the_earlier_ones():
    one, other = (weights("model=vit", f"model.depth={depth}") for depth in (2, 4))
    assert {name for name in one if name.startswith(("0.", "2.", "3."))} - alike(one, other) == {
        name for name in one if name.startswith(("0.", "2.", "3.")) and one[name].unique().numel() == 1
    }


def test_parameters_of_the_same_shape_differ():
    values = [value for value in weights("model=resnet", "normalization=batch").values() if value.unique().numel() > 1]
    pairs = [(a, b) for i, a in enumerate(values) for b in values[:i] if a.shape == b.shape]
    assert len(pairs) > 5 and not any(torch.equal(a, b) for a, b in pairs)


def test_weights_computed_from_random_draws_are_reproducible():
    def build():
        layer = nn.Linear(6, 6)
        nn.init.orthogonal_(layer.weight)  # the QR decomposition of a random matrix
        return layer

    one, again, other = (initialize(build, seed).weight for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.allclose(one @ one.T, torch.eye(6), atol=1e-5)


def test_the_global_generator_is_unchanged():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    initialize(lambda: nn.Linear(2, 2), 0)
    assert torch.equal(torch.rand(2), expected)


def test_the_generators_of_a_gpu_are_unchanged(monkeypatch):
    """`torch.manual_seed` would seed them too, without a GPU even in advance."""
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU's generator was seeded"))
    initialize(lambda: nn.Linear(2, 2), 0)
