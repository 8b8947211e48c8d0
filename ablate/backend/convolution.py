"""A convolution that is fast where its kernel covers the whole map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv2d(nn.Conv2d):
    """A convolution that trains with one matrix product on maps that its kernel covers at every position.

    Examples are a 3x3 kernel on maps of at most 2x2 pixels and a 5x5 kernel on at most 3x3. Each output pixel then
    depends on every input pixel, as in a linear layer. PyTorch's convolution also multiplies the padding, and needs up
    to five times as long for a training step on the CPU (docs/performance.md).
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        # Without gradients, the plain operation remains: evaluation gains little, and exported models stay standard.
        if torch.is_grad_enabled() and input.device.type == "cpu" and input.dim() == 4 and self._is_plain():
            rows, columns = (self._starts(axis, input.shape[2 + axis]) for axis in (0, 1))
            if rows and columns:
                return _matrix_product(input, weight.to(input.dtype), bias, rows, columns)
        return super()._conv_forward(input, weight, bias)

    def _is_plain(self) -> bool:
        return (
            self.groups == 1
            and self.dilation == (1, 1)
            and self.padding_mode == "zeros"
            and not isinstance(self.padding, str)
        )

    def _starts(self, axis: int, size: int) -> list[int]:
        """Return the kernel position that meets the first of `size` pixels, for each output; [] if some do not fit."""
        kernel, stride, padding = self.kernel_size[axis], self.stride[axis], int(self.padding[axis])
        outputs = (size + 2 * padding - kernel) // stride + 1
        starts = [padding - stride * output for output in range(outputs)]
        return starts if starts and starts[0] + size <= kernel and starts[-1] >= 0 else []


def _matrix_product(x: Tensor, weight: Tensor, bias: Tensor | None, rows: list[int], columns: list[int]) -> Tensor:
    """Convolve maps that the kernel covers, as a linear layer from all input pixels to all output pixels.

    Args:
        x: (N, C, H, W).
        weight: (K, C, h, w).
        bias: (K,) or None.
        rows: kernel row that meets the first row of the map, for each output row (H').
        columns: the same for columns (W').

    Returns:
        (N, K, H', W').
    """
    count, _, height, width = x.shape
    kernel = weight.permute(0, 2, 3, 1)
    covering = [kernel[:, top : top + height, left : left + width].flatten(1) for top in rows for left in columns]
    shifts = None if bias is None else bias.repeat(len(covering))
    outputs = F.linear(x.permute(0, 2, 3, 1).flatten(1), torch.cat(covering), shifts)
    return outputs.view(count, len(rows), len(columns), len(weight)).permute(0, 3, 1, 2)
