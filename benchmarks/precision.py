"""Measure the speedup from bf16, channels_last and torch.compile for the training steps of each network.

    python benchmarks/precision.py --root FOLDER_OF_IMAGES [--networks cnn mlp ...] [--rounds 3]

The settings alternate within each round. Prints the median images per second and the median ratio to the first
setting, by default plain fp32. Compilation is not included; if it is slow, the time of the first step is printed.
"""

import argparse
import statistics
import time
from dataclasses import replace

import torch
from hydra import compose, initialize_config_dir
from rich.console import Console

from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.training.loop import train_epoch
from ablate.training.parts import load_and_build

# Row of the table -> overrides that select the network. All use the assignment's SGD and batches of 64.
NETWORKS = {
    "mlp": ["model=mlp"],
    "cnn": ["model=cnn"],
    "cnn + batch norm": ["model=cnn", "normalization=batch"],
    "cnn + group norm": ["model=cnn", "normalization=group"],
    "speednet": ["model=speednet", "normalization=batch", "activation=gelu"],
    "resnet": ["model=resnet", "normalization=batch"],
    "vgg": ["model=vgg", "normalization=batch"],
    "vit": ["model=vit", "normalization=layer", "activation=gelu"],
}
PLAIN = "fp32"
SETTINGS = {
    PLAIN: ["trainer.precision=fp32", "trainer.channels_last=false"],
    "fp32 channels_last": ["trainer.precision=fp32"],
    "bf16": ["trainer.precision=bf16", "trainer.channels_last=false"],
    "bf16 channels_last": ["trainer.precision=bf16"],
    "bf16 channels_last compiled": ["trainer.precision=bf16", "trainer.compile=true"],
}
SECONDS = 2.0  # per round


def step_timer(overrides: list[str]):
    """Set up a training; returns a function that trains for a number of steps and returns the images per second."""
    config = compose("config", overrides)
    parts, data, device, _ = load_and_build(config)
    train_set = resident(data, device)
    # Folders are sorted by class. With images of one class the loss reaches zero, and denormal gradients are slow.
    order = torch.randperm(len(train_set.images), device=device)

    def steps(count: int) -> float:
        images = order[: count * config.trainer.batch_size]
        part = {name: getattr(train_set, name)[images] for name in ("images", "labels", "index")}
        *_, seen, seconds = train_epoch(
            parts, replace(train_set, **part), config.trainer, 1, config.seed, Console(quiet=True)
        )
        return seen / seconds

    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for network in args.networks:
            compare(network, ["data=image_folder", f"data.root={args.root}", *NETWORKS[network]], args)


def compare(network: str, overrides: list[str], args: argparse.Namespace) -> None:
    """Time one network with all settings and print its rows of the table."""
    timers, counts, rates = {}, {}, {name: [] for name in args.settings}
    for name in args.settings:
        timers[name] = step_timer([*overrides, *SETTINGS[name]])
        start = time.perf_counter()
        timers[name](1)
        first = time.perf_counter() - start
        counts[name] = max(2, round(SECONDS * timers[name](3) / 64))
        if first > SECONDS:
            print(f"{network}, {name}: the first step took {first:.1f} s", flush=True)
    for _ in range(args.rounds):
        for name, images_per_second in timers.items():
            rates[name].append(images_per_second(counts[name]))
    for name, values in rates.items():
        ratio = statistics.median(rate / plain for rate, plain in zip(values, rates[args.settings[0]], strict=True))
        print(f"{network:18}{name:28}{statistics.median(values):8.0f} images/s{ratio:7.2f} times", flush=True)


if __name__ == "__main__":
    main()
