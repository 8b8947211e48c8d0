"""Compare our input pipeline for photographs with that of torchvision: images per second, and their share of a step.

    python benchmarks/photographs.py [--images 512] [--rounds 15] [--size 500x375]

Both read the same generated JPEG photographs and make the same batches for training: random resized crops of 224
pixels, flipped at random, normalized, float32 (64, 3, 224, 224).

ours         the cache (shorter side 256 pixels) -> random_resized_crop -> flip -> normalized batch, in this process
torchvision  ImageFolder, RandomResizedCrop, RandomHorizontalFlip, ToTensor, Normalize; a DataLoader with 2 workers

The pipelines alternate every `--batches` batches, so that other load on the machine is shared. The workers stay alive,
and are stopped (SIGSTOP) while ours is timed, so that they neither slow it down nor prepare batches in its time. The
time of decoding into the cache, once per data set, is reported apart. The last lines compare the time of our input with
that of the training step of a small network on it.
"""

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image

BATCH, THREADS = 64, 2
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def photograph(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """An image with the texture of a photograph: the power of its spatial frequencies falls with their square."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    frequency = np.maximum(np.hypot(rows, columns), 1 / max(width, height))
    shared = rng.standard_normal((height, width))  # the channels of a photograph are correlated
    channels = []
    for _ in range(3):
        noise = np.fft.rfft2(shared + 0.4 * rng.standard_normal((height, width)))
        texture = np.fft.irfft2(noise / frequency, (height, width))
        channels.append(128 + 50 * (texture - texture.mean()) / texture.std())
    return Image.fromarray(np.stack(channels, -1).clip(0, 255).astype(np.uint8))


def write_photographs(root: Path, count: int, width: int, height: int) -> float:
    """Write two classes of photographs, a third of them upright; return the mean size of a file in bytes."""
    rng = np.random.default_rng(0)
    for index in range(count):
        folder = root / "train" / ("a", "b")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        size = (height, width) if index % 3 == 0 else (width, height)
        photograph(rng, *size).save(folder / f"{index:05}.jpg", quality=90)
    return statistics.mean(path.stat().st_size for path in root.rglob("*.jpg"))


def ours(root: Path) -> Iterator[torch.Tensor]:
    """Batches of our pipeline, without end, as in `ablate.training.loop`."""
    from ablate.augmentation import Augmentation
    from ablate.augmentation.geometry import Flip
    from ablate.augmentation.resized_crop import RandomResizedCrop
    from ablate.backend import seeding
    from ablate.data.batches import batches, scaling
    from ablate.data.image_folder import image_folder
    from ablate.data.streamed import select

    started = time.perf_counter()
    images = image_folder(str(root), 224, 4, "train", "shorter").images
    print(f"decoding into the cache, once: {len(images) / (time.perf_counter() - started):,.0f} images/s")
    augment = Augmentation({"random_resized_crop": RandomResizedCrop([0.08, 1], [3 / 4, 4 / 3]), "flip": Flip(0.5)})
    pixels = scaling(torch.tensor(MEAN), torch.tensor(STD), torch.device("cpu"), torch.channels_last)
    targets, epoch = torch.zeros(len(images), 2), 0
    while epoch := epoch + 1:
        order = torch.from_numpy(seeding.stream(0, "order", epoch).permutation(len(images)))
        draws = augment.draw(len(images), lambda step, epoch=epoch: seeding.stream(0, "augmentation", step, epoch))
        drawn = [torch.from_numpy(numbers) for numbers in draws]
        for index in (index for index in batches(order, BATCH) if len(index) == BATCH):
            batch, _ = augment(select(images, index), targets[index], [numbers[index] for numbers in drawn])
            yield pixels(batch)


def reference(root: Path, workers: int) -> torch.utils.data.DataLoader:
    """The loader of torchvision's reference training."""
    from ablate.backend.torchvision import torchvision

    transforms = torchvision.transforms
    steps = [
        transforms.RandomResizedCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ]
    images = torchvision.datasets.ImageFolder(root / "train", transforms.Compose(steps))
    return torch.utils.data.DataLoader(
        images, BATCH, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0
    )


def endless(loader: torch.utils.data.DataLoader) -> Iterator[torch.Tensor]:
    """Its batches, without end."""
    while True:
        for batch, _ in loader:
            yield batch


@contextmanager
def stopped(loader: torch.utils.data.DataLoader) -> Iterator[None]:
    """Stop the workers of a loader during the block."""
    workers = [worker.pid for worker in loader._iterator._workers]
    try:
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def seconds(batches: Iterator[torch.Tensor], count: int) -> float:
    """Seconds for some batches."""
    started = time.perf_counter()
    for _ in range(count):
        assert next(batches).shape == (BATCH, 3, 224, 224)
    return time.perf_counter() - started


def cpu_time(batches: Iterator[torch.Tensor], count: int) -> float:
    """Milliseconds of CPU time per image in one thread, which other load on the machine hardly changes."""
    torch.set_num_threads(1)  # as in a worker; waiting threads would count
    next(batches)
    started = time.process_time()
    for _ in range(count):
        next(batches)
    used = time.process_time() - started
    torch.set_num_threads(THREADS)
    return 1e3 * used / (count * BATCH)


def training_step(name: str) -> Callable[[torch.Tensor], None]:
    """A training step of a network of torchvision on a batch, in the precision that a run would select."""
    from ablate.backend.hardware import pick_precision
    from ablate.backend.torchvision import torchvision

    model = torchvision.models.get_model(name, num_classes=2).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    bf16 = pick_precision("auto", torch.device("cpu")) == "bf16"

    def step(batch: torch.Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model(batch).float().logsumexp(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def input_share(batches: Iterator[torch.Tensor], step: Callable[[torch.Tensor], None], count: int) -> float:
    """Share of the time of a training step that is spent on its input; the first step is not counted."""
    step(next(batches))
    loading, total = 0.0, 0.0
    for _ in range(count):
        started = time.perf_counter()
        batch = next(batches)
        loaded = time.perf_counter()
        step(batch)
        loading, total = loading + loaded - started, total + time.perf_counter() - started
    return loading / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batches", type=int, default=8, help="of a pipeline per round")
    parser.add_argument("--size", default="500x375")
    parser.add_argument("--networks", nargs="*", default=["mobilenet_v3_small", "resnet18"])
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["ABLATE_CACHE"] = f"{scratch}/cache"
        from ablate.backend.hardware import keep_memory

        size = write_photographs(root := Path(scratch) / "photos", args.images, *map(int, args.size.split("x")))
        print(f"{args.images} JPEG photographs of {args.size} pixels, {size / 1024:.0f} KiB each")
        loader = reference(root, 2)
        theirs = endless(loader)
        next(theirs)  # starts its workers before the memory settings of a run apply
        keep_memory()
        mine = ours(root)
        times: dict[str, list[float]] = {"ours": [], "torchvision": []}
        for _ in range(args.rounds + 1):
            with stopped(loader):
                times["ours"].append(seconds(mine, args.batches))
            times["torchvision"].append(seconds(theirs, args.batches))
        rates = {name: [args.batches * BATCH / taken for taken in values[1:]] for name, values in times.items()}
        for name, values in rates.items():
            print(f"{name:12} {statistics.median(values):7,.0f} images/s ({min(values):,.0f} to {max(values):,.0f})")
        ratios = [first / second for first, second in zip(rates["ours"], rates["torchvision"], strict=True)]
        print(f"ratio        {statistics.median(ratios):7.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
        with stopped(loader):
            cpu = cpu_time(mine, args.batches), cpu_time(endless(reference(root, 0)), args.batches)
        print(f"CPU time     {cpu[0]:7.2f} and {cpu[1]:.2f} ms per image: ratio {cpu[1] / cpu[0]:.1f}")
        for name in args.networks:
            with stopped(loader):
                share = input_share(mine, training_step(name), 6)
            print(f"{name}: {100 * share:.1f} % of the time of a training step is input")


if __name__ == "__main__":
    main()
