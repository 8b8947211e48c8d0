import math

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from ablate import activation as options
from ablate.config import CONF
from ablate.terminal.errors import InputError

# The definitions.
FORMULAS = {
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "mish": lambda x: x * math.tanh(math.log(1 + math.exp(x))),
}


def option(name):
    keys = OmegaConf.load(CONF / "activation" / f"{name}.yaml")
    del keys["defaults"]
    return instantiate(keys)


def test_every_option_has_a_formula():
    assert {path.stem for path in (CONF / "activation").glob("*.yaml")} == {*FORMULAS, "native"}


def test_native_is_for_models_with_layers_of_their_own():
    with pytest.raises(InputError, match="activation=native keeps the layers of a model of timm or torchvision"):
        option("native")()


@pytest.mark.parametrize("name", FORMULAS)
def test_values(name):
    points = [-2.0, 0.0, 1.0]
    expected = torch.tensor([FORMULAS[name](x) for x in points])
    torch.testing.assert_close(option(name)()(torch.tensor(points)), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_each_module_is_new_and_does_not_change_its_input(name):
    factory = option(name)
    assert factory() is not factory()
    x = torch.tensor([-1.0, 1.0])
    factory()(x)
    assert x.tolist() == [-1.0, 1.0]


def test_slope_of_leaky_relu():
    assert options.leaky_relu(0.25)()(torch.tensor(-4.0)).item() == -1.0
