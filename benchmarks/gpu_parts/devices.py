"""One run on all GPUs (`trainer.devices`) against the same run on one; without a GPU on two processes of the CPU."""

import csv
import statistics
from pathlib import Path

import torch

from benchmarks.gpu_parts.part import CUDA, Settings, row, start, train

WARM = 1  # epochs that are not counted


def measure(settings: Settings) -> None:
    """Train a ResNet-18 with the same images per step and per device, in both cases."""
    size = torch.cuda.device_count() if CUDA else 2
    if size < 2:
        row("several GPUs", "one GPU: not measured")
        return
    batch, limit, epochs = settings.of((32, 128, 6), (512, 20_000, 4))
    model = settings.of(["model=mlp"], ["model=resnet"])
    words = [*settings.words(), *model, "normalization=batch", f"data.train_limit={limit}", f"trainer.epochs={epochs}"]
    kind = "GPUs" if CUDA else "processes on the CPU"
    alone = rate(settings.scratch / "devices/1", *words, f"trainer.batch_size={batch}")
    row("one device", f"{alone:,.0f} images/s, batches of {batch}")
    for name, whole in (("the same batch", batch), ("as many images per device", batch * size)):
        for sync in ("false", "true"):
            folder = settings.scratch / f"devices/{whole}-{sync}"
            devices = [f"trainer.devices={size}", f"trainer.batch_size={whole}", f"trainer.sync_batchnorm={sync}"]
            images = rate(folder, *words, *devices)
            what = f"{size} {kind}, {name}" + (", sync_batchnorm" if sync == "true" else "")
            row(what, f"{images:,.0f} images/s, {images / alone:.2f} times as many")


def rate(folder: Path, *words: str) -> float:
    """Train in a new process; return the median images per second of its epochs after the first."""
    train(folder, *words)
    with (folder / "metrics.csv").open() as file:
        return statistics.median([float(each["images_per_second"]) for each in csv.DictReader(file)][WARM:])


if __name__ == "__main__":
    start(measure)
