"""A part of the user's own code that returns something of the wrong type is refused before anything trains."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import nn

from ablate.config import CONF, register
from ablate.normalization import Normalization
from ablate.terminal.errors import InputError
from ablate.training.user_parts import check_user_parts
from tests.processes import SMALL, ablate, record

register()
HERE = "tests.training.test_user_parts"
LOSSES = {
    "number": 1.0,
    "for_each_image": torch.ones(4, requires_grad=True),
    "nothing": None,
    "without_gradient": torch.tensor(1.0),
}


def loss(label_smoothing, kind="good"):
    return nn.CrossEntropyLoss() if kind == "good" else lambda logits, targets: LOSSES[kind]


def loss_itself(logits, targets):
    return nn.functional.cross_entropy(logits, targets)


def loss_of_logits(label_smoothing):
    return lambda logits: logits.sum()


def with_an_error(**keys):
    raise KeyError("an error of the user's code")


def normalization(text=False):
    return "batch" if text else Normalization(lambda channels: "batch", nn.BatchNorm1d)


def activation(kind="module"):
    return {"module": nn.ReLU(), "text": "relu", "good": nn.ReLU}[kind]


def optimizer(model, **keys):
    return list(model.parameters())


def schedule(epochs, steps_per_epoch, warmup_epochs, number=False):
    return 1.0 if number else lambda step: None


class Step:
    def draw(self, n, rng):
        return rng.random((n, 1), dtype="float32")

    def __call__(self, images, targets, draws):
        return images


class GoodStep(Step):
    def __call__(self, images, targets, draws):
        return images, targets


def check(words: str) -> None:
    overrides = words.replace("HERE", HERE).split()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        check_user_parts(compose("config", overrides), 10)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "loss._target_=HERE.loss +loss.kind=number",
            "class probabilities returned float instead of a tensor with one",
        ),
        ("loss._target_=HERE.loss +loss.kind=for_each_image", r"returned Tensor of shape \(4,\) instead of a tensor"),
        ("loss._target_=HERE.loss +loss.kind=nothing", "returned None instead of a tensor with one number"),
        ("loss._target_=HERE.loss +loss.kind=without_gradient", "instead of .* which has a gradient"),
        ("loss._target_=HERE.loss_itself", "cannot be called .*'label_smoothing'.* must return a function of logits"),
        ("loss._target_=HERE.loss_of_logits", "class probabilities cannot be called .* takes 1 positional argument"),
        ("normalization._target_=HERE.normalization", r"maps\(channels\) returned str instead of a torch.nn.Module"),
        (
            "normalization._target_=HERE.normalization +normalization.text=true",
            "returned str instead of an object with",
        ),
        ("activation._target_=HERE.activation", "returned ReLU instead of a function that creates a torch.nn.Module"),
        ("activation._target_=HERE.activation +activation.kind=text", "returned str instead of a function"),
        ("optimizer._target_=HERE.optimizer", "returned list instead of a torch.optim.Optimizer"),
        ("optimizer._target_=torch.optim.SGD", "cannot be called .*unexpected keyword.* must return a torch.optim"),
        ("schedule._target_=HERE.schedule", "the function of a step returned None instead of a number"),
        ("schedule._target_=HERE.schedule +schedule.number=true", "returned float instead of a function from a step"),
        (
            "+augmentation.mine._target_=HERE.Step",
            "returned Tensor of shape .* instead of a tuple of images and targets",
        ),
        ("+augmentation.mine._target_=torch.nn.ReLU", "augmentation.mine._target_=.* instead of a step with"),
    ],
)
def test_the_wrong_type_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        check(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "loss._target_=HERE.loss",
        "loss._target_=HERE.with_an_error",  # the run reports it
        "activation._target_=HERE.activation +activation.kind=good",
        "+augmentation.mine._target_=HERE.GoodStep",
    ],
)
def test_other_parts_and_other_errors_are_not(words):
    state = torch.get_rng_state()
    check(words)
    assert torch.equal(state, torch.get_rng_state())


FILE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, classes, channels, image_size, normalization, activation):
        super().__init__()
        self.linear = nn.Linear(channels * image_size**2, classes)

    def forward(self, images):
        return self.linear(images.flatten(1)), None

def loss(label_smoothing):
    return lambda logits, targets: 1.0

def logger(run):
    return "a logger"

def images(part):
    return []
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model=mlp", "model._target_=mine.Net", "~model.hidden"), "the network returned tuple instead of logits of"),
        (("model=mlp", "logger._target_=mine.logger"), "returned str instead of an object with log and close."),
        (("model=mlp", "data._target_=mine.images"), "returned list instead of ablate.data.images.Images."),
        (("model=mlp", "loss._target_=mine.loss"), "returned float instead of a tensor with one number, which has"),
    ],
)
def test_a_run_ends_before_its_first_epoch_with_one_sentence(folder, words, message):
    ended = ablate(folder, "train", *SMALL, *words, "hydra.run.dir=run")
    assert ended.returncode == 2 and message in ended.stderr, ended.stderr
    assert "Traceback" not in ended.stderr and record(folder / "run")["epochs"]["done"] == 0


def test_a_study_is_refused_before_its_first_run(folder):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "loss._target_=ablate.loss.cross_entropy,mine.loss")
    ended = ablate(folder, *words)
    assert ended.returncode == 2 and "returned float instead of a tensor with one number" in ended.stderr
    assert not list(Path(folder, "outputs").rglob("run.json"))


def test_debug_prints_the_traceback(folder):
    ended = ablate(folder, "train", *SMALL, "model=mlp", "loss._target_=mine.loss", "--debug")
    assert "Traceback" in ended.stderr and "returned float instead of" in ended.stderr
