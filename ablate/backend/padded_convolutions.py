"""Weight gradients of convolutions at kernel positions that only see padding.

They are 0, but on CPUs that multiply bf16, oneDNN does not write them where the stride is above 1 (PyTorch 2.13): they
are then what the memory held before, even NaN. It concerns images that are small for the network, whose last maps have
one pixel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ablate.backend.convolution import Conv2d


@contextmanager
def zero_gradients(model: nn.Module) -> Iterator[None]:
    """Watch a forward pass of `model` in this context; in later backward passes on the CPU these gradients are 0."""
    seen: dict[Tensor, Tensor] = {}  # by weight: kernel positions that see an image in any call, bool (h, w)

    def watch(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(layer, nn.Conv2d)
        positions = seeing(layer, tuple(inputs[0].shape[-2:]))
        seen[layer.weight] = positions | seen.get(layer.weight, torch.zeros_like(positions))

    hooks = [layer.register_forward_pre_hook(watch) for layer in model.modules() if _plain(layer)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    for weight, positions in seen.items():
        if weight.requires_grad and weight.device.type == "cpu" and not positions.all():
            weight.register_hook(lambda gradient, positions=positions: gradient.where(positions, 0.0))


def seeing(layer: nn.Conv2d, size: tuple[int, ...]) -> Tensor:
    """Kernel positions that see a pixel of maps of `size`, not padding alone, bool (kernel height, kernel width)."""
    axes = zip(size, layer.kernel_size, layer.stride, layer.padding, layer.dilation, strict=True)
    rows, columns = (_seeing(*axis) for axis in axes)  # type: ignore[arg-type]  # `padding` is no text, see `_plain`
    return rows[:, None] & columns


def _seeing(size: int, kernel: int, stride: int, padding: int, dilation: int) -> Tensor:
    starts = torch.arange(-padding, size + padding - dilation * (kernel - 1), stride)
    pixels = starts[:, None] + dilation * torch.arange(kernel)
    return ((pixels >= 0) & (pixels < size)).any(0)


def _plain(layer: nn.Module) -> bool:
    """Whether a layer is a convolution of its own weight, unchanged, with zero padding that it states."""
    return (
        isinstance(layer, nn.Conv2d)
        and type(layer).forward is nn.Conv2d.forward
        and type(layer)._conv_forward in (nn.Conv2d._conv_forward, Conv2d._conv_forward)
        and isinstance(layer._parameters.get("weight"), nn.Parameter)
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )
