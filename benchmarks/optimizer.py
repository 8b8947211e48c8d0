"""Time the step of each optimizer and the gradients, in milliseconds per batch.

    python benchmarks/optimizer.py --root FOLDER_OF_IMAGES [--networks mlp cnn speednet] [--steps 50]

Prints medians of the gradients, of the step and, for a fused optimizer, of PyTorch's default step, which is not fused.
As in training, each step follows the gradients of a batch, because the state of the processor's cache affects its time.
"""

import argparse
import statistics
import time

import torch
from hydra import compose, initialize_config_dir
from precision import NETWORKS

from ablate.config import CONF, register
from ablate.training.parts import load_and_build

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "muon")


def timed(function) -> float:
    """Milliseconds that a call takes."""
    start = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - start)


def measure(overrides: list[str], steps: int) -> list[float]:
    """Median milliseconds of the gradients, the step and, if the optimizer is fused, PyTorch's default step."""
    parts, data, _, _ = load_and_build(compose("config", overrides))
    images, labels = parts.pixels(data.train.images[:64]), data.train.labels[:64]
    optimizer, compared = parts.optimizer, [parts.optimizer]
    if optimizer.defaults.get("fused"):
        compared.append(type(optimizer)([{**group, "fused": None} for group in optimizer.param_groups]))

    def gradients() -> None:
        optimizer.zero_grad()
        with parts.precision():
            logits = parts.forward(images)
        torch.nn.functional.cross_entropy(logits.float(), labels).backward()

    rounds = [[(timed(gradients), timed(each.step)) for each in compared] for _ in range(steps + 5)][5:]
    medians = [statistics.median(gradients for row in rounds for gradients, _ in row)]
    return medians + [statistics.median(row[column][1] for row in rounds) for column in range(len(compared))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--networks", nargs="+", default=["mlp", "cnn", "speednet"], choices=NETWORKS)
    parser.add_argument("--steps", type=int, default=50)
    args = parser.parse_args()
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for network in args.networks:
            for name in OPTIMIZERS:
                data = ["data=image_folder", f"data.root={args.root}", "data.train_limit=1000"]
                medians = measure([*data, *NETWORKS[network], f"optimizer={name}"], args.steps)
                print(f"{network:18}{name:10}", *(f"{milliseconds:8.2f}" for milliseconds in medians), flush=True)


if __name__ == "__main__":
    main()
