"""Measure the peak GFLOP/s of this machine, and the GFLOP/s that a run achieved.

    python benchmarks/peak.py [RUN ...]

Prints GFLOP/s of large matrix products and of convolutions (forward and backward), with one thread and with one per
core, in fp32 and, where the processor supports it, bf16. Each is the best of several rounds, the one with the least
interference. RUNs are folders of finished runs, for which the GFLOP/s of their training steps are printed. A
multiply-add counts as two operations, a training step as three forward passes.
"""

import argparse
import csv
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from omegaconf import OmegaConf
from torch import nn

from ablate.backend.cpu_count import cpu_cores
from ablate.backend.hardware import pick_precision

ROUNDS, SECONDS = 5, 0.3
PRODUCT = 2048  # rows and columns
# name: input channels, output channels, kernel, image size. The first takes most of the time of the assignment's CNN;
# the second has enough channels to be efficient.
CONVOLUTIONS = {"conv 64-128 5x5 at 8x8": (64, 128, 5, 8), "conv 256-256 3x3 at 16x16": (256, 256, 3, 16)}


def best(function: Callable[[], object], operations: float) -> float:
    """Best GFLOP/s of a function over `ROUNDS` rounds; `operations` is the number of operations per call."""
    function()
    rates = []
    for _ in range(ROUNDS):
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS:
            function()
            count += 1
        rates.append(operations * count / (time.perf_counter() - start) / 1e9)
    return max(rates)


def product(dtype: torch.dtype) -> float:
    """GFLOP/s of a square matrix product."""
    a, b = (torch.randn(PRODUCT, PRODUCT, dtype=dtype) for _ in range(2))
    return best(lambda: a @ b, 2 * PRODUCT**3)


def convolution(dtype: torch.dtype, inputs: int, outputs: int, kernel: int, side: int, batch: int = 64) -> float:
    """GFLOP/s of a convolution: forward, and the gradients of its input and its filters."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2).to(dtype, memory_format=torch.channels_last)
    images = torch.randn(batch, inputs, side, side, dtype=dtype).to(memory_format=torch.channels_last)
    images.requires_grad_()
    ones = torch.ones(batch, outputs, side, side, dtype=dtype).to(memory_format=torch.channels_last)

    def step() -> None:
        layer(images).backward(ones)

    return best(step, 3 * 2 * batch * side**2 * inputs * outputs * kernel**2)


def peaks(threads: int, dtype: torch.dtype) -> dict[str, float]:
    """{name: GFLOP/s} of the matrix product and the convolutions."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        matrix_product = {f"matrix product {PRODUCT}": product(dtype)}
        return matrix_product | {name: convolution(dtype, *shape) for name, shape in CONVOLUTIONS.items()}
    finally:
        torch.set_num_threads(before)


def achieved(folder: Path) -> float:
    """GFLOP/s of a run's training steps, median over epochs, without validation and start-up."""
    return per_image(folder) * statistics.median(float(row["images_per_second"]) for row in epochs(folder)) / 1e9


def operations(folder: Path) -> float:
    """Operations of all training steps of a run, counting every batch as a full one."""
    batch = OmegaConf.load(folder / ".hydra" / "config.yaml").trainer.batch_size
    return per_image(folder) * batch * int(epochs(folder)[-1]["step"])


def per_image(folder: Path) -> float:
    """Operations of a training step per image."""
    return 3 * 2 * json.loads((folder / "run.json").read_text())["macs"]


def epochs(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's metrics.csv."""
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    args = parser.parse_args()
    cores = cpu_cores()
    # Without hardware support, bf16 is so slow that the measurement would take minutes.
    native = pick_precision("auto", torch.device("cpu")) == "bf16"
    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16} if native else {"fp32": torch.float32}
    print("GFLOP/s" + " " * 21 + "".join(f"{f'{n} thread, {kind}':>18}" for n in (1, cores) for kind in kinds))
    columns = [peaks(n, dtype) for n in (1, cores) for dtype in kinds.values()]
    for name in columns[0]:
        print(f"{name:28}" + "".join(f"{column[name]:>18.0f}" for column in columns))
    for run in args.runs:
        print(f"{run}: {achieved(run):.0f} GFLOP/s in its training steps")


if __name__ == "__main__":
    main()
