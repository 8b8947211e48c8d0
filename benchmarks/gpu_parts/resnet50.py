"""torchvision's ResNet-50 in bf16: images per second of the package's training steps and of bare ones."""

import statistics

import torch

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Crop, Flip
from benchmarks.gpu_parts.part import CUDA, Settings, row, start
from benchmarks.gpu_parts.steps import Steps


def measure(settings: Settings) -> None:
    """Time both in alternation, after a warm-up of each."""
    pixels, size, batches, rounds, steps = settings.of((32, 16, 2, 1, 2), (224, 256, 6, 3, 20))
    words = [*settings.words(settings.few), "model=torchvision", "model.name=resnet50", "normalization=batch"]
    words += [f"data.image_size={pixels}", f"data.train_limit={batches * size}"]
    words += [f"trainer.batch_size={size}", "trainer.precision=bf16"]
    flip_crop = Augmentation({"flip": Flip(0.5), "crop": Crop(4, "constant")})
    model = Steps(words)
    model.package(), model.package(flip_crop), model.bare(2)
    rates = [(model.package(), model.package(flip_crop), model.bare(steps)) for _ in range(rounds)]
    plain, augmented, bare = (statistics.median(each) for each in zip(*rates, strict=True))
    row(f"bare steps at {pixels} px, batches of {size}", f"{bare:,.0f} images/s")
    for what, rate in {"the package's steps": plain, "the same with flip_crop": augmented}.items():
        row(what, f"{rate:,.0f} images/s, {rate / bare:.2f} of bare", "at least 0.9", rate / bare >= 0.9)
    if CUDA:
        row("peak memory on the GPU", f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


if __name__ == "__main__":
    start(measure)
