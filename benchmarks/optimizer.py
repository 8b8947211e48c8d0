"""What the step of each optimiser takes beside the gradients: milliseconds a batch.

    python benchmarks/optimizer.py --root FOLDER_OF_IMAGES [--networks mlp cnn speednet] [--steps 50]

The gradients, the step and, for those that are fused, PyTorch's default step, which is not. They take turns, each after
a batch's gradients, as in training: what these leave in the processor's cache counts. Medians.
"""

import argparse
import statistics
import time

import torch
from hydra import compose, initialize_config_dir
from precision import NETWORKS

from ablate.config import CONF, register
from ablate.training.parts import set_up

OPTIMISERS = ("sgd", "adam", "adamw", "rmsprop", "muon")


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def measure(words: list[str], steps: int) -> list[float]:
    """Milliseconds of a batch's gradients, of the step and, if it is fused, of PyTorch's default step."""
    parts, data, _, _ = set_up(compose("config", words))
    images, labels = parts.pixels(data.train.images[:64]), data.train.labels[:64]
    own, kinds = parts.optimizer, [parts.optimizer]
    if own.defaults.get("fused"):
        kinds.append(type(own)([{**group, "fused": None} for group in own.param_groups]))

    def gradients() -> None:
        own.zero_grad()
        with parts.precision():
            logits = parts.forward(images)
        torch.nn.functional.cross_entropy(logits.float(), labels).backward()

    pairs = [[(timed(gradients), timed(kind.step)) for kind in kinds] for _ in range(steps + 5)][5:]
    taken = [statistics.median(gradients for row in pairs for gradients, _ in row)]
    return taken + [statistics.median(row[kind][1] for row in pairs) for kind in range(len(kinds))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--networks", nargs="+", default=["mlp", "cnn", "speednet"], choices=NETWORKS)
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for network in given.networks:
            for name in OPTIMISERS:
                data = ["data=image_folder", f"data.root={given.root}", "data.train_limit=1000"]
                taken = measure([*data, *NETWORKS[network], f"optimizer={name}"], given.steps)
                print(f"{network:18}{name:10}", *(f"{milliseconds:8.2f}" for milliseconds in taken), flush=True)


if __name__ == "__main__":
    main()
