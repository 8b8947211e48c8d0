"""Batch normalization by the statistics of the whole batch, which is divided among processes."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ablate.terminal.errors import InputError

PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def synchronize(model: nn.Module, device: torch.device) -> nn.Module:
    """Replace each layer of batch normalization by a synchronized one with the same parameters, statistics and name.

    Args:
        model: changed in place.
        device: of the model. `torch.nn.SyncBatchNorm` needs a GPU; on the CPU, `SyncBatchNorm` of this module is used.

    Raises:
        InputError: a layer has code of its own.
    """
    kind = nn.SyncBatchNorm if device.type == "cuda" else SyncBatchNorm
    for name, layer in list(model.named_modules()):
        if isinstance(layer, _BatchNorm) and type(layer) not in PLAIN:
            raise InputError(
                f"trainer.sync_batchnorm=true: the layer {name} is a {type(layer).__name__}, not a layer of PyTorch."
                " Use trainer.sync_batchnorm=false."
            )
    replaced: dict[nn.Module, nn.Module] = {}  # a layer that is used twice stays one
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if isinstance(child, PLAIN):
                parent._modules[name] = replaced.setdefault(child, _copy(child, kind))
    return model


def _copy(layer: _BatchNorm, kind: type[_BatchNorm]) -> _BatchNorm:
    """A layer of another kind with the same parameters and buffers, not copies of them."""
    copy = kind(layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
    copy._parameters, copy._buffers = layer._parameters, layer._buffers
    return copy.train(layer.training)


class SyncBatchNorm(_BatchNorm):
    """Batch normalization over the batches of all processes, on any device; in evaluation mode as usual."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept maps and vectors."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) -> (B, C, ...)."""
        if not self.training:
            return super().forward(input)
        dims, shape = [0, *range(2, input.ndim)], (1, -1, *[1] * (input.ndim - 2))
        values = input.float()
        count = _Sum.apply(values.new_tensor([values.numel() // values.shape[1]]))  # differs where batches do
        mean = _Sum.apply(values.sum(dims)) / count
        centered = values - mean.view(shape)
        variance = _Sum.apply(centered.square().sum(dims)) / count
        if self.track_running_stats:
            self._update(mean.detach(), variance.detach() * count / (count - 1))
        normalized = centered * torch.rsqrt(variance + self.eps).view(shape)
        if self.affine:
            normalized = torch.addcmul(self.bias.view(shape), normalized, self.weight.view(shape))
        return normalized.to(input.dtype)

    @torch.no_grad()
    def _update(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as `torch.nn.BatchNorm2d` does."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        weight = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance, weight)


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient.contiguous())
