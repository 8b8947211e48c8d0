"""A convolution that is fast where its kernel covers the whole map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_BATCH = 64  # images; the matrix is built at each step, which takes longer than it saves in smaller batches
MAX_GROWTH = {torch.bfloat16: 2}  # size of the matrix, relative to the kernel; in other types 1


class Conv2d(nn.Conv2d):
    """A convolution that trains with one matrix product on maps that its kernel covers at every position.

    An example is a 3x3 kernel on maps of at most 2x2 pixels: each output pixel depends on every input pixel, as in a
    linear layer. PyTorch's convolution also multiplies the padding. On the CPU in bf16, the matrix product trains up to
    3.5 times as fast (docs/performance.md). Results equal those of `nn.Conv2d` up to rounding. Without gradients, in
    small batches and on other maps, PyTorch's convolution is used.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if torch.is_grad_enabled() and self._accepts(input, weight):
            rows, columns = self._offsets(0, input.shape[2]), self._offsets(1, input.shape[3])
            size = len(rows) * len(columns) * input.shape[2] * input.shape[3]
            if 0 < size <= MAX_GROWTH.get(input.dtype, 1) * self.kernel_size[0] * self.kernel_size[1]:
                return _matrix_product(input, weight.to(input.dtype), bias, rows, columns)
        return super()._conv_forward(input, weight, bias)

    def _accepts(self, input: Tensor, weight: Tensor) -> bool:
        """Whether the matrix product applies to the input, apart from the size of its maps."""
        types = {weight.dtype, torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype}
        return (
            input.device.type == "cpu"
            and input.dim() == 4
            and len(input) >= MIN_BATCH
            and input.shape[1] == self.in_channels
            and input.dtype in types
            and self.groups == 1
            and self.dilation == (1, 1)
            and self.padding_mode == "zeros"
            and not isinstance(self.padding, str)
        )

    def _offsets(self, axis: int, size: int) -> list[int]:
        """Kernel index aligned with the first of `size` pixels, per output; [] if an output is not fully covered."""
        kernel, stride, padding = self.kernel_size[axis], self.stride[axis], int(self.padding[axis])
        outputs = (size + 2 * padding - kernel) // stride + 1
        offsets = [padding - stride * output for output in range(outputs)]
        return offsets if offsets and offsets[0] + size <= kernel and offsets[-1] >= 0 else []


def _matrix_product(x: Tensor, weight: Tensor, bias: Tensor | None, rows: list[int], columns: list[int]) -> Tensor:
    """Convolve maps that the kernel covers, as a linear layer from all input pixels to all output pixels.

    Args:
        x: (N, C, H, W).
        weight: (K, C, h, w).
        bias: (K,) or None.
        rows: kernel row aligned with the first row of the map, for each output row (H').
        columns: the same for columns (W').

    Returns:
        (N, K, H', W'), in the memory format of the weights.
    """
    count, _, height, width = x.shape
    kernel = weight.permute(0, 2, 3, 1)
    covering = [kernel[:, top : top + height, left : left + width].flatten(1) for top in rows for left in columns]
    shifts = None if bias is None else bias.repeat(len(covering))
    outputs = F.linear(x.permute(0, 2, 3, 1).flatten(1), torch.cat(covering), shifts)
    maps = outputs.view(count, len(rows), len(columns), len(weight)).permute(0, 3, 1, 2)
    return maps.contiguous() if weight.is_contiguous() else maps
