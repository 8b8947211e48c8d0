"""What bf16, channels_last and torch.compile are worth for each network, in its own training steps.

    python benchmarks/precision.py --root FOLDER_OF_IMAGES [--networks cnn mlp ...] [--rounds 3]

The settings take turns in each round; images a second, the median, and its ratio to fp32 without the others. Steps to
compile are not counted, but the seconds that the first of them took are printed.
"""

import argparse
import statistics
import time
from dataclasses import replace

from hydra import compose, initialize_config_dir
from rich.console import Console

from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.training.loop import train_epoch
from ablate.training.parts import set_up

# A network of the table -> the words that choose it; each with the assignment's batches of 64 and SGD.
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
SECONDS = 2.0  # of steps in a round


def stepper(words: list[str]):
    """A function of a number of steps, which trains so many: images a second."""
    config = compose("config", words)
    parts, data, device, _ = set_up(config)
    whole = resident(data, device)

    def steps(count: int) -> float:
        size = min(count * config.trainer.batch_size, len(whole.images))
        few = replace(whole, images=whole.images[:size], targets=whole.targets[:size], index=whole.index[:size])
        *_, seen, seconds = train_epoch(parts, few, config.trainer, 1, config.seed, Console(quiet=True))
        return seen / seconds

    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for network in given.networks:
            compare(network, ["data=image_folder", f"data.root={given.root}", *NETWORKS[network]], given)


def compare(network: str, words: list[str], given: argparse.Namespace) -> None:
    """The table of one network."""
    steppers, counts, rates = {}, {}, {name: [] for name in given.settings}
    for name in given.settings:
        steppers[name] = stepper([*words, *SETTINGS[name]])
        began = time.perf_counter()
        steppers[name](1)
        first = time.perf_counter() - began
        counts[name] = max(2, round(SECONDS * steppers[name](3) / 64))
        if first > SECONDS:
            print(f"{network}, {name}: the first step took {first:.1f} s", flush=True)
    for _ in range(given.rounds):
        for name, steps in steppers.items():
            rates[name].append(steps(counts[name]))
    for name, found in rates.items():
        ratio = statistics.median(rate / plain for rate, plain in zip(found, rates[given.settings[0]], strict=True))
        print(f"{network:18}{name:28}{statistics.median(found):8.0f} images/s{ratio:7.2f} times", flush=True)


if __name__ == "__main__":
    main()
