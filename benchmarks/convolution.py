"""Time convolutions on small maps: PyTorch's own against `ablate.backend.convolution`, one matrix product.

    python benchmarks/convolution.py [--repeat 40]

Prints milliseconds for a forward and backward pass in the precision that `trainer.precision=auto` selects, with one
thread per core. The two alternate; medians, and the median of their ratios.
"""

import argparse
import statistics
import time

import torch
from torch import nn

from ablate.backend.convolution import Conv2d
from ablate.backend.hardware import autocast, pick_precision

SHAPES = [  # batch, channels, height and width
    (64, 128, 2),
    (256, 128, 2),  # experiment=full_marks
    (500, 128, 2),
    (64, 512, 2),  # model=vgg at 32 pixels
    (256, 512, 2),
    (64, 256, 1),
]


def milliseconds(layer: nn.Conv2d, images: torch.Tensor, upstream: torch.Tensor, precision: str) -> float:
    """Duration of one forward and backward pass."""
    images.grad = layer.weight.grad = None
    start = time.perf_counter()
    with autocast(precision, "cpu")():
        outputs = layer(images)
    outputs.backward(upstream)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=40)
    repeat = parser.parse_args().repeat
    precision = pick_precision("auto", torch.device("cpu"))
    print(f"{precision}; batch, channels, map: PyTorch, matrix product (ms), ratio")
    for batch, channels, side in SHAPES:
        layers = [kind(channels, channels, 3, padding=1, bias=False) for kind in (nn.Conv2d, Conv2d)]
        layers = [layer.to(memory_format=torch.channels_last) for layer in layers]
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        images = torch.randn(batch, channels, side, side, dtype=dtype).to(memory_format=torch.channels_last)
        upstream = torch.randn_like(images)
        images.requires_grad_()
        rounds = [[milliseconds(layer, images, upstream, precision) for layer in layers] for _ in range(repeat)]
        theirs, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(a / b for a, b in rounds)
        print(f"{batch:4} {channels:4} {side}x{side}: {theirs:7.2f} {ours:7.2f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
