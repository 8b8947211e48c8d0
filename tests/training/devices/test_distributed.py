"""Training on two devices, which are processes on the CPU, against training on one device."""

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Crop, Flip
from ablate.augmentation.mixing import CutMix, Mixup
from ablate.backend.hardware import threads_restored
from ablate.config import CONF, register
from ablate.runs import epochs
from ablate.runs.config_hash import config_sha256
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError
from ablate.training.devices.distributed import Distributed
from ablate.training.devices.processes import check_number
from ablate.training.run import train
from tests.processes import ablate

register()

# 131 images in batches of 32: the last one has 3, which two processes divide into 1 and 2.
SMALL = ("data=digits", "data.train_limit=131", "trainer.epochs=2", "trainer.batch_size=32", "trainer.threads=1")
MLP = ("model=mlp", "model.hidden=[16]", "trainer.precision=fp32")
BATCH_NORM = ("normalization=batch", "trainer.sync_batchnorm=true")


def trained(folder: Path, *words: str) -> RunRecord:
    folder.mkdir(parents=True, exist_ok=True)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*SMALL, *MLP, *words])
    with threads_restored():
        return train(config, folder, RunRecord(status="running", config_sha256=config_sha256(config)))


def results(folder: Path) -> dict[str, torch.Tensor]:
    """Weights, and the columns of metrics.csv that are no times."""
    table = epochs.read(folder / "metrics.csv", 10)
    columns = {name: torch.tensor(values) for name, values in table.items() if "second" not in name}
    return {**torch.load(folder / "model.pt", weights_only=True), **columns}


def assert_close(folder: Path, other: Path, tolerance: float = 2e-5) -> None:
    one, two = results(folder), results(other)
    assert one.keys() == two.keys() and len(one) > 10
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=tolerance, atol=tolerance, msg=lambda m, n=name: n + m)


def both(folder: Path, *words: str) -> tuple[Path, Path]:
    """The folders of a run on one device, and of the same run on two."""
    for size in (1, 2):
        record = trained(folder / str(size), f"trainer.devices={size}", *words)
        assert record.environment and record.environment.devices == (size if size > 1 else None)
    return folder / "1", folder / "2"


def test_two_devices_give_the_results_of_one(tmp_path):
    """Mixed images at the borders of the parts, an uneven last batch, batch normalization, clipping, accumulation."""
    words = ("augmentation=cutmix", "trainer.accumulate=2", "trainer.grad_clip=0.5", *BATCH_NORM)
    one, two = both(tmp_path, *words)
    assert_close(one, two)
    assert sorted(os.listdir(two)) == sorted(os.listdir(one)), "a file of the other process"


@pytest.mark.integration
@pytest.mark.parametrize(
    "words",
    [
        "trainer.ema=0.9 normalization=batch trainer.sync_batchnorm=true",
        "trainer.swa_start=1 normalization=batch trainer.sync_batchnorm=true",
        "optimizer=sam normalization=batch trainer.sync_batchnorm=true",
        "optimizer=sam optimizer.base=adamw optimizer.adaptive=true trainer.accumulate=3",
        "optimizer=muon optimizer.layer_decay=0.7",
        # With AdamW, a weight whose gradient is 0 but for rounding, as before batch normalization, moves by the rate.
        "optimizer=schedule_free optimizer.base=sgd normalization=batch trainer.sync_batchnorm=true",
        "trainer.sampler=balanced loss.class_weights=balanced loss.label_smoothing=0.1",
        "loss=focal loss.class_weights=balanced augmentation=[flip_crop,mixup]",
        "augmentation=[randaugment,cutout,cutmix] trainer.selection=best_val trainer.tta=flip",
        "model=cnn ~model.hidden normalization=batch trainer.sync_batchnorm=true",
        "model=cnn ~model.hidden normalization=group trainer.channels_last=false",
        "model=resnet ~model.hidden model.depth=8 normalization=batch trainer.sync_batchnorm=true",
    ],
)
def test_settings_give_the_results_of_one_device(words, tmp_path):
    assert_close(*both(tmp_path, *words.split()), tolerance=1e-4)


@pytest.mark.integration
def test_half_precision_gives_similar_results(tmp_path):
    assert_close(*both(tmp_path, "trainer.precision=bf16", *BATCH_NORM), tolerance=0.05)


@pytest.mark.integration
def test_the_student_of_a_teacher(tmp_path):
    teacher = ablate(tmp_path, "train", *SMALL, *MLP, "hydra.run.dir=teacher")
    assert teacher.returncode == 0, teacher.stderr
    assert_close(*both(tmp_path, "loss=distillation", f"loss.teacher={tmp_path / 'teacher'}", "trainer.epochs=1"))


@pytest.mark.integration
@pytest.mark.skipif(not importlib.util.find_spec("timm"), reason="timm is not installed")
def test_a_network_that_is_frozen_but_for_its_head(tmp_path):
    words = ("model=timm", "~model.hidden", "model.name=test_resnet", "model.freeze=all_but_head")
    assert_close(*both(tmp_path, *words, *BATCH_NORM))


@pytest.mark.cuda
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
@pytest.mark.parametrize("words", ["normalization=group", " ".join(BATCH_NORM)])
def test_two_gpus_give_the_results_of_one(words, tmp_path):
    words = ("trainer.device=cuda", "trainer.deterministic=true", "augmentation=cutmix", *words.split())
    assert_close(*both(tmp_path, *words), tolerance=1e-3)


@pytest.mark.integration
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler on the CPU")
def test_a_compiled_model(tmp_path):
    assert_close(*both(tmp_path, "trainer.compile=true", "trainer.epochs=1"))


@pytest.mark.integration
@pytest.mark.parametrize("batch_norm", ["true", "false"])
def test_three_devices_give_the_same_bits_again(batch_norm, tmp_path):
    words = ("trainer.devices=3", "normalization=batch", f"trainer.sync_batchnorm={batch_norm}", "augmentation=mixup")
    words += ("trainer.batch_size=30",)  # 131 = 4 * 30 + 11
    trained(tmp_path / "first", *words)
    trained(tmp_path / "again", *words)
    first, again = results(tmp_path / "first"), results(tmp_path / "again")
    assert all(torch.equal(first[name], again[name]) for name in first)
    if batch_norm == "true":
        trained(tmp_path / "one", *words, "trainer.devices=1")
        assert_close(tmp_path / "one", tmp_path / "first", tolerance=1e-4)


@pytest.mark.integration
def test_streamed_photographs(photo_folder, tmp_path):
    words = ("data=image_folder", f"data.root={photo_folder}", "data.image_size=16", "data.memory_limit=0")
    words += ("augmentation=random_resized_crop", "~data.train_limit", "+data.train_limit=null")
    assert_close(*both(tmp_path, *words))


def process(rank: int, size: int) -> Distributed:
    return Distributed(rank, size, rank, size, store=None)


class Reversed:
    """A user's step: each image is the one at the mirrored position in the batch."""

    def draw(self, n, rng):
        return rng.random((n, 1))

    def __call__(self, images, targets, draws):
        return images.flip(0), targets.flip(0)


STEPS = {
    "none": {},
    "geometry": {"flip": Flip(p=0.5), "crop": Crop(padding=1, padding_mode="constant")},
    "mixing": {"flip": Flip(p=0.5), "mixup": Mixup(alpha=1.0), "cutmix": CutMix(alpha=1.0)},
    "of a user": {"mixup": Mixup(alpha=1.0), "reversed": Reversed()},
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(("images", "size"), [(32, 2), (7, 2), (11, 4), (3, 3), (2, 2)])
def test_the_parts_of_a_batch_are_the_augmented_batch(name, images, size):
    augment, generator = Augmentation(STEPS[name]), torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (images, 3, 8, 8), dtype=torch.uint8, generator=generator)
    targets = torch.eye(images)
    draws = [torch.from_numpy(draw) for draw in augment.draw(images, stream)]
    whole = augment(pixels, targets, draws)
    parts = []
    for rank in range(size):
        positions, keep = process(rank, size).share(torch.arange(images), augment.reach)
        parts.append(keep(*augment(pixels[positions], targets[positions], [draw[positions] for draw in draws])))
    for index in range(2):
        assert torch.equal(torch.cat([part[index] for part in parts]), whole[index])


def stream(step: str) -> np.random.Generator:
    return np.random.default_rng(len(step))


def test_batches_that_cannot_be_divided_are_refused():
    plain, norm = torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    with pytest.raises(InputError, match="devices=4: a batch of an epoch has 3 images, fewer than devices"):
        process(0, 4).check(plain, 3, False)
    with pytest.raises(InputError, match="too few for batch normalization on each device. Use trainer.sync_batchnorm"):
        process(0, 2).check(norm, 3, False)
    process(0, 2).check(norm, 3, True)
    process(0, 2).check(norm, 4, False)
    process(0, 2).check(plain, 3, False)


@pytest.mark.parametrize("surplus", [1, 100])
def test_more_processes_than_this_machine_has_cores_are_refused_before_they_start(surplus):
    most = max(8, len(os.sched_getaffinity(0)))
    check_number(most, "cpu")
    with pytest.raises(InputError, match=f"would start {most + surplus} processes on .* Use at most {most}"):
        check_number(most + surplus, "cpu")


def test_more_devices_than_gpus_are_refused():
    count = torch.cuda.device_count()
    with pytest.raises(InputError, match=f"trainer.devices={count + 2} needs {count + 2} GPUs .* which has {count}"):
        process(0, count + 2).place(torch.device("cuda"))
    with pytest.raises(InputError, match="needs GPUs with CUDA, or trainer.device=cpu"):
        process(0, 2).place(torch.device("mps"))
