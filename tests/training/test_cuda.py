"""What only a CUDA device can show; `pytest -m cuda` selects these, and without one they are skipped."""

import importlib.util
import json
import warnings

import numpy as np
import pytest
import torch
from rich.console import Console

from ablate.augmentation.erasing import Cutout
from ablate.augmentation.geometry import Crop, Flip
from ablate.augmentation.mixing import CutMix, Mixup
from ablate.backend import seeding
from ablate.backend.hardware import autocast, peak_memory, pick_device, pick_precision, set_deterministic
from ablate.evaluation import metrics, tta
from ablate.terminal.errors import InputError
from ablate.training import device_errors, loop
from ablate.training.draws import drawn
from tests.processes import alone
from tests.training.test_run import NEEDS, NEEDS_RUN, OPTIONS
from tests.training.test_synchronization import COMBINATIONS, built, epoch

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
CUDA, CPU = torch.device("cuda"), torch.device("cpu")
STEPS = (Flip(0.5), Crop(4, "constant"), Crop(2, "reflect"), Cutout(8), Mixup(1.0), CutMix(1.0))


def waits(steps: int, words: list[str]) -> list[str]:
    """The warnings of an epoch of so many steps, each of an operation that waited for the device."""
    parts, data, trainer = built(*words, device=CUDA)
    epoch(parts, data, trainer, 2)
    torch.cuda.synchronize()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            epoch(parts, data, trainer, steps)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return [str(each.message) for each in caught if "called a synchronizing" in str(each.message)]


def test_the_check_sees_an_operation_that_waits():
    value = torch.ones((), device=CUDA)
    torch.cuda.set_sync_debug_mode("error")
    try:
        with pytest.raises(RuntimeError, match="synchroniz"):
            value.item()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("words", COMBINATIONS.values(), ids=COMBINATIONS)
def test_a_step_does_not_wait_for_the_device(words):
    few, many = (waits(steps, words) for steps in (2, 8))
    assert few and len(few) == len(many), many  # those of an epoch's start and end


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_augmentation_gives_the_same_images_on_both_devices(step):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (64, 3, 32, 32), dtype=np.uint8))
    targets = torch.eye(10)[torch.arange(64) % 10]
    draws = torch.from_numpy(step.draw(64, seeding.stream(0, "augmentation")))
    expected = step(images, targets, draws)
    on_gpu = step(images.to(CUDA), targets.to(CUDA), draws.to(CUDA))
    for one, other in zip(expected, on_gpu, strict=True):
        assert other.device.type == "cuda" and one.dtype == other.dtype
        assert torch.allclose(one.float(), other.float().cpu(), atol=1e-4)
    if not isinstance(step, Mixup):  # all others move pixels
        assert torch.equal(expected[0], on_gpu[0].cpu())


def test_order_draws_and_first_weights_do_not_depend_on_the_device():
    words = ("experiment=speedrun", "seed=3")
    (parts, data, _), (other, gpu_data, _) = built(*words), built(*words, device=CUDA)
    order, draws = drawn(parts.augment, data, "shuffle", 2, 3)
    order_there, draws_there = drawn(other.augment, gpu_data, "shuffle", 2, 3)
    assert order_there.device.type == "cuda" and torch.equal(order, order_there.cpu())
    assert all(torch.equal(one, two.cpu()) for one, two in zip(draws, draws_there, strict=True))
    weights, weights_there = parts.model.state_dict(), other.model.state_dict()
    assert all(torch.equal(value, weights_there[name].cpu()) for name, value in weights.items())


def test_a_run_on_the_device_follows_one_on_the_cpu():
    """In fp32 without TF32 the losses of an epoch differ by rounding alone."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        means = []
        for device in (CPU, CUDA):
            parts, data, trainer = built("model=cnn", "normalization=batch", device=device)
            means.append(loop.train_epoch(parts, data, trainer, 1, 0, Console(quiet=True))[0])
    finally:
        torch.backends.cudnn.allow_tf32 = before
    assert means[1] == pytest.approx(means[0], rel=1e-3)


@pytest.mark.parametrize("option", [each for each in OPTIONS if each not in NEEDS_RUN and "logger" not in each])
def test_every_option_trains_on_the_device_as_on_the_cpu(option, monkeypatch):
    if option in NEEDS and not importlib.util.find_spec(NEEDS[option]):
        pytest.skip(f"the optional package {NEEDS[option]} is not installed")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    words = [option, *(["model=torchvision"] if option.endswith("=native") else []), "data.train_limit=96"]
    means = []
    for device in (CPU, CUDA):
        parts, data, trainer = built(*words, device=device)
        for layer in parts.model.modules():
            if isinstance(layer, torch.nn.Dropout):  # its masks differ between devices
                layer.p = 0.0
        means.append(loop.train_epoch(parts, data, trainer, 1, 0, Console(quiet=True))[0].loss)
    assert means[1] == pytest.approx(means[0], rel=2e-2)


def test_dropout_draws_from_the_runs_own_stream():
    torch.cuda.manual_seed(9)
    expected = torch.rand(3, device=CUDA)
    masks = []
    for _ in range(2):
        torch.cuda.manual_seed(9)
        with seeding.scope(0, "dropout", 1):
            masks.append(torch.rand(100, device=CUDA))
        assert torch.equal(torch.rand(3, device=CUDA), expected)
    assert torch.equal(*masks)


def test_the_device_and_its_precision_are_picked():
    assert pick_device("auto").type == pick_device("cuda").type == "cuda"
    native = {8: "bf16", 9: "bf16", 7: "fp16"}.get(min(torch.cuda.get_device_capability()[0], 9), "fp32")
    assert pick_precision("auto", CUDA) == native


def test_fp16_trains_as_fp32_with_a_scaled_loss():
    losses = {}
    for precision in ("fp32", "fp16"):
        parts, data, trainer = built("model=cnn", "normalization=batch", "trainer.grad_clip=1", device=CUDA)
        parts.scaler = torch.amp.GradScaler("cuda", enabled=precision == "fp16")
        parts.precision = autocast(precision, "cuda")
        losses[precision] = [loop.train_epoch(parts, data, trainer, n, 0, Console(quiet=True))[0].loss for n in (1, 2)]
    assert losses["fp16"] == pytest.approx(losses["fp32"], rel=0.02) and losses["fp16"] != losses["fp32"]


def test_the_peak_of_memory_on_the_device_is_recorded():
    torch.cuda.reset_peak_memory_stats()
    before = peak_memory(CUDA)["device"]
    held = torch.empty(64 * 2**20, dtype=torch.uint8, device=CUDA)
    assert peak_memory(CUDA)["device"] == pytest.approx(before + 64, abs=2) and len(held)


def test_a_batch_that_does_not_fit_is_reported_with_one_that_does():
    parts, data, trainer = built("model=cnn", "normalization=batch", device=CUDA)
    epoch(parts, data, trainer, 2)
    trainer.batch_size = 256
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 512 * 2**20) / total)
    try:
        with pytest.raises(InputError) as error, device_errors.explained(parts, data, trainer, 0):
            torch.empty(2**30, dtype=torch.uint8, device=CUDA)  # more than is left to this process
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    assert str(error.value) == device_errors.advice(256, fits=256)


@pytest.mark.parametrize("words", [["model=cnn", "normalization=batch"], ["experiment=speedrun"], ["model=resnet"]])
def test_with_deterministic_two_runs_have_the_same_bits(words):
    weights = []
    try:
        set_deterministic(True)
        for _ in range(2):
            parts, data, trainer = built(*words, device=CUDA)
            epoch(parts, data, trainer, 8)
            weights.append({name: value.cpu() for name, value in parts.model.state_dict().items()})
    finally:
        set_deterministic(False)
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_logits_do_not_depend_on_the_batches_of_validation():
    parts, data, _ = built("model=mlp", device=CUDA)
    whole = metrics.predict(parts.model, data.val_images, parts.pixels, tta.none)
    few = metrics.predict(parts.model, data.val_images[:7], parts.pixels, tta.none)
    assert whole.device.type == "cpu" and torch.allclose(whole[:7], few, atol=1e-4)


def test_packed_runs_are_each_on_a_card(tmp_path):
    words = ["data=digits", "data.train_limit=64", "trainer.epochs=1", "model=mlp", "seed=range(3)"]
    done = alone(tmp_path, "train", "-m", "study.name=s", *words, "hydra.launcher.jobs_per_gpu=3")
    assert done.returncode == 0, done.stderr
    records = [json.loads(path.read_text()) for path in tmp_path.rglob("run.json")]
    names = {torch.cuda.get_device_name(card) for card in range(torch.cuda.device_count())}
    assert len(records) == 3
    for record in records:
        assert record["status"] == "completed" and record["environment"]["device"] in names
        assert record["peak_memory"]["device"] > 0
