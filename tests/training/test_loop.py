"""The loop against a loop written out plainly, and what it promises: repeatable, honest about divergence."""

import math
import time
from io import StringIO

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch.nn import functional as F

from ablate.backend import seeding
from ablate.config import CONF
from ablate.data.batches import batches, resident
from ablate.data.prepare import prepare
from ablate.loss import Distillation
from ablate.runs.epochs import COLUMNS
from ablate.terminal.console import Console
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.draws import drawn
from ablate.training.parts import build, clipper
from ablate.training.reporter import Reporter
from tests.training.fitted import CPU, fit


def test_two_epochs_are_those_of_a_plain_loop():
    """Momentum SGD, normalisation of pixels and cross-entropy written out by hand give the same weights."""
    config, data, parts, start, rows, (selected, history, diverged) = fit("model=mlp", "model.hidden=[32]", "seed=3")
    weights = {name: value.clone().requires_grad_() for name, value in start.items()}
    velocity = {name: torch.zeros_like(value) for name, value in start.items()}
    losses, correct = [], []
    for epoch in (1, 2):
        ranks = seeding.stream(3, "order", epoch).random(1797)  # of all digits
        order = torch.from_numpy(ranks[data.train_index].argsort())
        for i in range(0, 320, 32):  # the 321st image would be a batch of one
            index = order[i : i + 32]
            x = (data.train.images[index].float().flatten(1) / 255 - 0.5) / 0.5
            hidden = (x @ weights["1.weight"].T + weights["1.bias"]).clamp(min=0)
            names = [name for name in weights if not name.startswith("1.")]
            logits = hidden @ weights[names[0]].T + weights[names[1]]
            loss = -logits.log_softmax(1)[torch.arange(32), data.train.labels[index]].mean()
            gradients = torch.autograd.grad(loss, list(weights.values()))
            losses.append(loss.item())
            correct.append((logits.argmax(1) == data.train.labels[index]).sum().item())
            with torch.no_grad():
                for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
                    velocity[name] = 0.9 * velocity[name] + gradient
                    weight -= 0.01 * velocity[name]
    assert (len(history), diverged, len(rows)) == (2, False, 2)
    for name, weight in weights.items():
        assert torch.allclose(selected.weights[name], weight, atol=1e-5), name
    assert rows[1]["train_loss"] == pytest.approx(sum(losses[10:]) / 10, rel=1e-5)
    assert rows[1]["train_accuracy"] == sum(correct[10:]) / 320
    assert [row["step"] for row in rows] == [10, 20] and tuple(rows[0]) == COLUMNS
    assert rows[1]["val_loss"] == pytest.approx(F.cross_entropy(selected.val_logits, data.val.labels).item())


def test_a_seed_gives_one_result_and_another_seed_another():
    words = ["normalization=batch", "augmentation=[flip_crop,cutout,mixup]", "model=alexnet", "trainer.epochs=1"]
    first, again, other = (fit(*words, f"seed={seed}")[-1][0].weights for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if name.endswith("0.weight"))


def test_training_learns_handwritten_digits():
    *_, (selected, _, _) = fit("normalization=batch", "data.train_limit=null", "trainer.epochs=4")
    assert selected.row["val_accuracy"] > 0.9  # chance is 0.1


def test_a_loss_that_is_no_number_ends_training_as_diverged():
    *_, rows, (selected, history, diverged) = fit("optimizer.lr=1e30", "trainer.epochs=5")
    assert diverged and len(history) == len(rows) < 5
    assert not all(math.isfinite(row["train_loss"] + row["val_loss"]) for row in rows)


def test_a_weight_that_is_no_number_ends_training_also_where_it_has_no_effect(tmp_path, caplog):
    config, data, parts, *_ = fit("trainer.epochs=2", "model=mlp", "model.hidden=[8]")
    parts.model.unused = torch.nn.Parameter(torch.tensor([0.0, math.nan]))
    reporter = Reporter([], Console(file=StringIO()), 2)
    ended = loop.fit(parts, resident(data, CPU), config, reporter, Checkpoint(tmp_path, {}))
    assert ended.diverged and len(ended.rows) == 1 and math.isfinite(ended.rows[0]["val_loss"])
    assert "unused" in caplog.text


def test_the_recorded_learning_rate_is_that_of_the_optimizer_and_not_of_its_companion():
    words = ("model=mlp", "model.hidden=[8, 8]", "optimizer=muon", "optimizer.lr=0.25", "optimizer.companion_lr=0.125")
    *_, rows, _ = fit(*words, "data.train_limit=64", "schedule=linear", "schedule.warmup_epochs=0")
    assert rows[0]["learning_rate"] == 0.25 > rows[1]["learning_rate"] > 0


def test_an_epoch_takes_part_of_the_time_of_the_run():
    started = time.perf_counter()
    *_, rows, _ = fit("model=mlp", "model.hidden=[8]", "data.train_limit=64")
    elapsed = time.perf_counter() - started
    assert 0 < sum(row["seconds"] for row in rows) < elapsed
    assert all(64 / row["images_per_second"] <= row["seconds"] for row in rows)  # which validates too


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ([], True),
        (["augmentation=flip_crop"], True),
        (["loss=focal"], False),
        (["loss.label_smoothing=0.2"], False),
        (["loss.class_weights=[1,1,1,1,5,1,1,1,1,1]"], False),
        (["trainer.sampler=balanced"], True),
        (["augmentation=mixup"], False),
        (["augmentation=[flip_crop,cutmix]"], False),
    ],
)
def test_the_training_cross_entropy_is_the_function_of_the_validation_loss(words, same):
    """With weights that hardly change, it is the cross-entropy of the saved model on the same batches, by hand."""
    one = ("model=mlp", "optimizer.lr=1e-9", "trainer.epochs=1", "data.train_limit=320")
    config, data, parts, *_, rows, _ = fit(*one, *words)
    images = resident(data, CPU)
    order, draws = drawn(parts.augment, images, config.trainer.sampler, 1, 0)
    losses, targets_of = [], torch.eye(10)[data.train.labels]
    for step in batches(torch.arange(320), 32):
        index, numbers = order[step], [d[step] for d in draws]
        pictures, targets = parts.augment(data.train.images[index], targets_of[index], numbers)
        log_p = parts.model.eval()(parts.pixels(pictures)).log_softmax(1)
        losses.append(-log_p[torch.arange(32), targets.argmax(1)].mean().item())
    assert rows[0]["train_cross_entropy"] == pytest.approx(sum(losses) / len(losses), rel=1e-4)
    assert (rows[0]["train_cross_entropy"] == rows[0]["train_loss"]) is same


def test_the_gradients_norm_is_limited():
    parameter = torch.zeros(4, requires_grad=True)
    for limit, expected in ((1.0, 1.0), (None, 10.0), (100.0, 10.0)):
        parameter.grad = torch.full((4,), 5.0)
        clipper(limit)([parameter])
        assert parameter.grad.norm().item() == pytest.approx(expected, rel=1e-4)


def test_dropout_does_not_touch_the_global_generator():
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    fit("model=alexnet", "trainer.epochs=1", "augmentation=trivialaugment", "data.train_limit=64")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("accumulate", [2, 5])
def test_accumulated_batches_are_steps_of_as_many_images(accumulate):
    """300 images make 5 steps of 64 or 2 of 160; the last step has fewer images."""
    words = ("model=mlp", "model.hidden=[8]", "schedule=cosine", "trainer.grad_clip=1", "data.train_limit=300")
    size = 32 * accumulate
    *_, rows, (whole, _, _) = fit(*words, f"trainer.batch_size={size}")
    *_, parts_rows, (parts, _, _) = fit(*words, f"trainer.accumulate={accumulate}")
    steps = -(-300 // size)
    assert [row["step"] for row in parts_rows] == [row["step"] for row in rows] == [steps, 2 * steps]
    for name, value in whole.weights.items():
        torch.testing.assert_close(parts.weights[name], value, rtol=1e-4, atol=1e-6)
    for key in ("learning_rate", "train_loss", "train_accuracy"):
        assert parts_rows[1][key] == pytest.approx(rows[1][key], rel=1e-4)


def test_fp16_trains_as_fp32_with_a_scaled_loss():
    """Gradients below 6e-8, the smallest number of fp16, would be 0 without the scale."""
    words = ("model=mlp", "model.hidden=[8]", "data.train_limit=64", "trainer.grad_clip=1")
    _, _, _, start, _, (expected, _, _) = fit(*words)
    _, _, parts, *_, (half, _, _) = fit(*words, precision="fp16")
    assert parts.scaler.state_dict()["scale"] == 65536.0
    for name, value in expected.weights.items():
        assert (half.weights[name] - value).norm() < 0.05 * (value - start[name]).norm()
        assert not torch.equal(half.weights[name], value)


def test_a_teacher_sees_the_augmented_images():
    """One step of gradient descent on the divergence from a known function of the images, written out by hand."""
    words = ["data=digits", "data.train_limit=32", "model=mlp", "model.hidden=[]", "optimizer.momentum=0"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*words, "trainer.batch_size=32", "augmentation=flip", "augmentation.flip.p=1"])
    data, seen = prepare(config.data), []
    parts = build(config, data, CPU, "fp32")

    def teacher(images: torch.Tensor) -> tuple[torch.Tensor]:
        seen.append(images.float())
        return (images.flatten(1)[:, :10] / 64,)

    parts.criterion, parts.teacher = Distillation("teacher", temperature=2.0, alpha=1.0), teacher
    weight, bias = (parts.model.state_dict()[name].clone() for name in ("1.weight", "1.bias"))
    loop.train_epoch(parts, resident(data, CPU), config.trainer, 1, 0, Console(quiet=True))
    (images,) = seen
    flipped = {tuple(image) for image in data.train.images.flip(-1).flatten(1).tolist()}
    assert {tuple(image) for image in images.flatten(1).tolist()} == flipped
    x = (images.flatten(1) / 255 - 0.5) / 0.5
    p, q = ((logits / 2).softmax(1) for logits in (x @ weight.T + bias, images.flatten(1)[:, :10] / 64))
    gradient = 4 * ((p - q) / 2).T @ x / 32  # temperature^2 times the derivative of the divergence
    torch.testing.assert_close(parts.model.state_dict()["1.weight"], weight - 0.01 * gradient, rtol=1e-4, atol=1e-6)
