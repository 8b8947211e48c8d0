"""Every option of every group trains, and leaves a run whose parts agree."""

import importlib.util
import math
import shutil

import msgspec
import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from ablate.config import CONF, register, validate
from ablate.config.flatten import flat
from ablate.data.prepare import prepare
from ablate.model.build import build_model
from ablate.runs.config_hash import config_sha256
from ablate.runs.record_parts import EpochCount
from ablate.runs.run_record import RunRecord
from ablate.training.run import train

register()

SMALL = ["data=digits", "data.train_limit=64", "trainer.epochs=1", "trainer.batch_size=32", "trainer.threads=1"]
GROUPS = ("model", "normalization", "activation", "augmentation", "optimizer", "schedule", "loss", "logger")
OPTIONS = sorted(f"{path.parent.name}={path.stem}" for group in GROUPS for path in (CONF / group).glob("*.yaml"))
NEEDS = {
    "logger=tensorboard": "tensorboard",
    "logger=wandb": "wandb",
    "logger=mlflow": "mlflow",
    "model=timm": "timm",
    "optimizer=timm": "timm",
    "optimizer=schedule_free": "schedulefree",
}
NEEDS_RUN = ("loss=distillation",)  # options that need a finished run; see tests/training/test_teacher.py


def trained(folder, *words: str):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*SMALL, *words])
    validate(config)
    return config, train(config, folder, RunRecord(status="running", config_sha256=config_sha256(config)))


def check(folder, config, record) -> None:
    """The record, the weights and the predictions tell one story."""
    data = prepare(config.data)
    assert record.status == "completed" and record.epochs == EpochCount(planned=1, done=1)
    assert all(math.isfinite(value) for value in record.metrics.values())
    model = build_model(config, data)
    weights = torch.load(folder / "model.pt", weights_only=True)
    assert record.parameters == sum(p.numel() for p in model.parameters())
    if config.trainer.ema is None:
        model.load_state_dict(weights)
    predictions = np.load(folder / "val_predictions.npz", allow_pickle=False)
    assert predictions["logits"].dtype == np.float16 and (predictions["index"] == data.val_index).all()
    assert (predictions["label"] == data.val.labels.numpy()).all()
    correct = predictions["logits"].argmax(1) == predictions["label"]
    half = config.trainer.selection == "best_val"
    assert half == ("reporting" in predictions.files)
    reporting = predictions["reporting"] if half else np.ones(len(correct), bool)
    counts = (len(data.train.labels), len(correct), (~reporting).sum(), reporting.sum())
    assert msgspec.structs.astuple(record.images)[:4] == counts
    accuracy = correct[reporting].mean()
    assert accuracy == pytest.approx(record.metrics["val_accuracy"], abs=0.01)  # float16 may tie two logits
    assert len((folder / "metrics.csv").read_text().splitlines()) == 2


def test_every_group_has_options():
    assert {option.partition("=")[0] for option in OPTIONS} == set(GROUPS)


SLOW = ("logger=mlflow", "logger=tensorboard", "logger=wandb", "augmentation=autoaugment", "model=vgg")


@pytest.mark.parametrize(
    "option", [pytest.param(o, marks=[pytest.mark.integration] * (o in SLOW)) for o in OPTIONS if o not in NEEDS_RUN]
)
def test_every_option_trains(option, tmp_path, monkeypatch):
    if option in NEEDS and not importlib.util.find_spec(NEEDS[option]):
        pytest.skip(f"the optional package {NEEDS[option]} is not installed")
    monkeypatch.setenv("WANDB_SILENT", "true")
    library = ["model=torchvision"] if option.endswith("=native") else []
    check(tmp_path, *trained(tmp_path, option, *library))


@pytest.mark.parametrize(
    "words",
    [
        "trainer.ema=0.9 normalization=batch",
        "trainer.grad_clip=0.1",
        "loss=focal loss.class_weights=balanced trainer.sampler=balanced augmentation=cutmix",
        "trainer.channels_last=false",
        "trainer.precision=bf16",
        "trainer.precision=fp16 normalization=batch",
        "trainer.accumulate=2 trainer.swa_start=1 normalization=batch",
        "trainer.selection=best_val",
        "augmentation=[flip_crop,randaugment,cutout,cutmix] normalization=batch",
        "data.mean=null data.std=null",
        "model=resnet model.depth=18 normalization=weight_standardization activation=mish",
        "model=mlp normalization=layer schedule=one_cycle schedule.warmup_epochs=0.5",
    ],
)
def test_settings_and_combinations_train(words, tmp_path):
    check(tmp_path, *trained(tmp_path, *words.split()))


@pytest.mark.integration
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler on the CPU")
def test_a_compiled_model_trains_to_the_same_figures(tmp_path):
    for name in ("plain", "compiled"):
        (tmp_path / name).mkdir()
    _, plain = trained(tmp_path / "plain", "model=mlp")
    config, compiled = trained(tmp_path / "compiled", "model=mlp", "trainer.compile=true")
    check(tmp_path / "compiled", config, compiled)
    assert compiled.metrics["train_loss"] == pytest.approx(plain.metrics["train_loss"], rel=1e-4)


def test_photographs_train_through_image_folder(photo_folder, tmp_path):
    words = ["data=image_folder", f"data.root={photo_folder}", "data.image_size=16", "model=cnn", "normalization=batch"]
    config, record = trained(tmp_path, *words)
    check(tmp_path, config, record)
    weights = (tmp_path / "model.pt").read_bytes()
    _, streamed = trained(tmp_path, *words, "data.memory_limit=0")
    assert (tmp_path / "model.pt").read_bytes() == weights and streamed.data_sha256 == record.data_sha256


def test_the_training_accuracy_is_that_of_the_trained_images(tmp_path):
    """With a rate that changes no prediction, the saved model has the accuracy that was summed over the batches."""
    config, record = trained(tmp_path, "model=mlp", "optimizer.lr=1e-9", "augmentation=none")
    data = prepare(config.data)
    model = build_model(config, data)
    model.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    correct = model((data.train.images.float() / 255 - 0.5) / 0.5).argmax(1) == data.train.labels
    assert record.metrics["train_accuracy"] == correct.float().mean().item() and 0 < correct.sum() < len(correct)


def test_multiply_accumulates_of_the_assignments_networks(tmp_path):
    # MLP on 1x8x8: 64*128 + 128*256 + 256*512 + 512*10.
    _, record = trained(tmp_path, "model=mlp")
    assert record.macs == 64 * 128 + 128 * 256 + 256 * 512 + 512 * 10
    # CNN on 1x8x8: 5x5 kernels on maps of 8, 4, 4, 2, 2 pixels a side, then 128 -> 120 -> 84 -> 10.
    _, record = trained(tmp_path, "model=cnn")
    maps = 25 * (8 * 64 + 8 * 16 * 16 + 16 * 32 * 16 + 32 * 64 * 4 + 64 * 128 * 4)
    assert record.macs == maps + 128 * 120 + 120 * 84 + 84 * 10


def test_flat_lists_hyperparameters_by_dotted_key():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        settings = flat(compose("config", ["optimizer.lr=0.5", "augmentation=flip"]))
    assert (
        settings["optimizer.lr"] == 0.5 and settings["augmentation.flip.p"] == 0.5 and settings["trainer.ema"] is None
    )
