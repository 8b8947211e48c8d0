"""The loop against a loop written out plainly, and what it promises: repeatable, honest about divergence."""

import math
import re
import time
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch.nn import functional as F

from ablate.backend import seeding
from ablate.config import CONF, register
from ablate.data.batches import batches, resident
from ablate.data.prepare import prepare
from ablate.evaluation.epoch_selection import reporting_half
from ablate.loss import Distillation
from ablate.runs.epochs import COLUMNS
from ablate.terminal import progress
from ablate.terminal.console import Console
from ablate.training import checkpoint as checkpoints
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.draws import drawn
from ablate.training.parts import build, clipper
from ablate.training.reporter import Reporter

register()
CPU = torch.device("cpu")


class Rows(list):
    """A logger that keeps its rows."""

    log = list.append

    def close(self) -> None: ...


def fit(*words: str, folder: Path | None = None, console: Console | None = None, precision: str = "fp32"):
    """Train with these words; with a folder, checkpoints are kept there."""
    common = ["data=digits", "data.train_limit=321", "trainer.epochs=2", "trainer.batch_size=32", "trainer.threads=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*common, *words])
    data = prepare(config.data)
    parts = build(config, data, CPU, precision)
    start = {name: value.clone() for name, value in parts.model.state_dict().items()}
    rows = Rows()
    console = console or Console(file=open("/dev/null", "w"))  # noqa: SIM115
    with TemporaryDirectory() as unkept:
        checkpoint, reporter = (
            Checkpoint(folder or Path(unkept), {}),
            Reporter([rows], console, config.trainer.epochs),
        )
        ended = loop.fit(parts, resident(data, CPU), config, reporter, checkpoint)
    return config, data, parts, start, rows, ended


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


def test_best_val_selects_on_one_half_of_the_images_and_reports_on_the_other():
    """Every epoch again as the last of a run that long: the one with the highest accuracy on the first half is kept."""
    words = ("model=mlp", "optimizer.lr=0.3", "seed=1")
    _, data, *_, rows, (selected, _, _) = fit(*words, "trainer.epochs=6", "trainer.selection=best_val")
    half = reporting_half(data.val.labels, "best_val", 0)
    scores = []
    for epochs in range(1, 7):
        *_, (last, _, _) = fit(*words, f"trainer.epochs={epochs}", "trainer.selection=last")
        correct = last.val_logits.argmax(1) == data.val.labels
        assert rows[epochs - 1]["val_accuracy"] == pytest.approx(correct.float().mean().item())  # of all images
        scores.append((correct[~half].float().mean().item(), correct[half].float().mean().item(), last))
    best = max(range(6), key=lambda place: scores[place][0])
    assert selected.row["epoch"] == best + 1 and torch.equal(selected.val_logits, scores[best][2].val_logits)
    assert selected.row["val_accuracy"] == pytest.approx(scores[best][1])
    expected = F.cross_entropy(selected.val_logits[half], data.val.labels[half]).item()
    assert selected.row["val_loss"] == pytest.approx(expected)


def test_of_epochs_with_equal_scores_the_first_is_selected():
    words = ("model=mlp", "model.hidden=[8]", "optimizer.lr=1e-12", "trainer.epochs=3", "data.train_limit=64")
    *_, rows, (selected, _, _) = fit(*words, "trainer.selection=best_val")
    assert len({row["val_accuracy"] for row in rows}) == 1 and selected.row["epoch"] == 1


def test_a_checkpoint_holds_the_selected_weights_also_when_they_are_not_the_last(tmp_path, monkeypatch):
    """Steps so small that no prediction changes: the first epoch stays selected. All are done when it resumes."""
    monkeypatch.setattr(checkpoints, "INTERVAL_SECONDS", 0)
    words = ("model=mlp", "model.hidden=[8]", "optimizer.lr=1e-6", "trainer.epochs=3", "data.train_limit=64")
    _, _, parts, *_, (first, _, _) = fit(*words, "trainer.selection=best_val", folder=tmp_path)
    *_, rows, (resumed, history, _) = fit(*words, "trainer.selection=best_val", folder=tmp_path)
    assert first.row["epoch"] == resumed.row["epoch"] == 1 and len(rows) == len(history) == 3
    for name, value in first.weights.items():
        assert torch.equal(resumed.weights[name], value), name
        assert name.endswith("bias") or not torch.equal(parts.model.state_dict()[name], value), name


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


def test_the_average_is_what_is_evaluated():
    """Of two steps, an epoch each, and a decay of a quarter: a quarter of the first, three of the second."""
    words = ("model=mlp", "trainer.batch_size=400")
    (first, *_), (second, *_) = (fit(*words, f"trainer.epochs={epochs}")[-1] for epochs in (1, 2))
    *_, (selected, _, _) = fit(*words, "trainer.epochs=2", "trainer.ema=0.25")
    for name, value in selected.weights.items():
        expected = 0.25 * first.weights[name] + 0.75 * second.weights[name]
        assert torch.allclose(value, expected, atol=1e-7) and not torch.equal(value, second.weights[name]), name


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_line_of_an_epoch_is_broken_between_words_and_ends_with_the_time_left(width):
    row = {"epoch": 2, "train_loss": 1.25, "train_accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0.25, "seconds": 12}
    expected = (
        "epoch 2/5  train loss 1.250 accuracy 50.0 %  validation loss 1.500 accuracy 25.0 %  12.0 s, about 36 s left"
    )
    for terminal in (True, False):
        shown = StringIO()
        Reporter([], Console(file=shown, force_terminal=terminal, width=width), epochs=5).log(
            [{**row, "epoch": 1}, row]
        )
        assert shown.getvalue().split() == expected.split()
        lines = shown.getvalue().splitlines()
        assert all(len(line) <= width for line in lines) if terminal else lines == [expected]


def test_the_progress_within_an_epoch_is_printed_with_the_running_means(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
    shown = StringIO()
    fit("model=mlp", "model.hidden=[8]", console=Console(file=shown, width=200))
    for epoch in (1, 2):
        line = rf"^epoch {epoch}/2  9/10  loss \d\.\d{{3}}  accuracy \d+\.\d %$"
        assert re.search(line, shown.getvalue(), re.MULTILINE), shown.getvalue()


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


def test_the_average_over_epochs_is_what_is_evaluated():
    words = ("model=mlp", "trainer.batch_size=400")  # one step per epoch
    second, third = (fit(*words, f"trainer.epochs={epochs}")[-1][0] for epochs in (2, 3))
    *_, (selected, _, _) = fit(*words, "trainer.epochs=3", "trainer.swa_start=2")
    for name, value in selected.weights.items():
        torch.testing.assert_close(value, (second.weights[name] + third.weights[name]) / 2)


def test_the_statistics_of_an_average_over_epochs_are_those_of_its_own_outputs():
    """Without a step in between, batch normalization of one batch is that of the batch itself."""
    words = ("model=mlp", "model.hidden=[8]", "normalization=batch", "trainer.batch_size=64", "data.train_limit=64")
    _, data, parts, *_, (selected, _, _) = fit(*words, "trainer.swa_start=1", "augmentation=none")
    images = parts.pixels(data.train.images)
    outputs = images.flatten(1) @ selected.weights["1.weight"].T
    if "1.bias" in selected.weights:
        outputs = outputs + selected.weights["1.bias"]
    names = [name for name in selected.weights if name.endswith("running_mean")]
    assert len(names) == 1
    torch.testing.assert_close(selected.weights[names[0]], outputs.mean(0), rtol=1e-4, atol=1e-5)


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
