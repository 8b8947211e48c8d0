"""Class activation maps: which parts of an image a network's class rests on (Grad-CAM, Selvaraju et al. 2017)."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Not layers of features: a pooled output is coarser than what it pools; in attention, the outputs of linear layers are
# queries, keys and values.
SKIPPED = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d, nn.Linear)
UNCHANGED = (nn.Identity, nn.Dropout)  # their output is their input


class Maps(NamedTuple):
    """Class activation maps.

    Attributes:
        layer: name of the module whose output they are computed from.
        values: float32 (N, h, w), the size of that output; each map is scaled to [0, 1], or is 0 everywhere.
    """

    layer: str
    values: Tensor


def grad_cam(model: nn.Module, inputs: Tensor, classes: Tensor) -> Maps | None:
    """Compute the class activation maps of inputs.

    The layer is the last one with a spatial output that the class still depends on at more than one place. A map is
    ReLU(sum over k of w_k A_k): A_k are the channels of its output and w_k the mean gradient of the class's logit.

    Args:
        model: in evaluation mode.
        inputs: float32 (N, C, H, W), on the device of the model.
        classes: int64 (N,), the class that each map is for.

    Returns:
        The maps; None if no layer has a spatial output, as in an MLP.
    """
    outputs: list[tuple[str, Tensor]] = []
    skipped: list[Tensor] = []

    def keep(name: str, layer: nn.Module, output: object) -> None:
        if not isinstance(output, Tensor) or not output.requires_grad or _spatial(output) is None:
            return
        if isinstance(layer, UNCHANGED):
            return
        if isinstance(layer, SKIPPED):
            skipped.append(output)
        elif not any(output is other for other in skipped):  # as a container's that ends with such a layer is
            outputs.append((name, output))

    hooks = [
        layer.register_forward_hook(lambda layer, _input, output, name=name: keep(name, layer, output))
        for name, layer in model.named_modules()
    ]
    try:
        with torch.enable_grad():
            logits = model(inputs.detach().requires_grad_())
            score = logits.float().gather(1, classes[:, None].to(logits.device)).sum()
    finally:
        for hook in hooks:
            hook.remove()
    if not outputs:
        return None
    gradients = torch.autograd.grad(score, [output for _, output in outputs], allow_unused=True)
    for (name, output), gradient in zip(reversed(outputs), reversed(gradients), strict=True):
        slope = None if gradient is None else _spatial(gradient)
        if slope is not None and (slope != 0).any((0, 1)).sum() > 1:
            channels = _spatial(output.detach())
            assert channels is not None
            return Maps(name, _scaled((slope.mean((2, 3), keepdim=True) * channels).sum(1).relu().float()))
    return None


def _scaled(maps: Tensor) -> Tensor:
    """Maps (N, h, w) with the values of each scaled to [0, 1]; constant ones are 0."""
    maps = maps - maps.amin((1, 2), keepdim=True)
    return maps / maps.amax((1, 2), keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)


def _spatial(output: Tensor) -> Tensor | None:
    """An output as (N, C, h, h) with h > 1, also if it has the channels last or is tokens (N, T, C); else None.

    Tokens that precede a square number of patches, such as a class token, are left out.
    """
    if output.ndim == 4 and output.shape[1] == output.shape[2] != output.shape[3]:
        output = output.permute(0, 3, 1, 2)
    if output.ndim == 3:
        side = math.isqrt(output.shape[1])
        output = output[:, output.shape[1] - side**2 :].mT.unflatten(2, (side, side))
    return output if output.ndim == 4 and output.shape[2] == output.shape[3] > 1 else None


def enlarged(maps: Tensor, size: int) -> Tensor:
    """Maps (N, h, w) in [0, 1] as uint8 (N, size, size), on the CPU."""
    large = F.interpolate(maps[:, None].cpu(), (size, size), mode="bilinear", align_corners=False)
    return (255 * large[:, 0]).round().byte()


def most_different(baseline: Tensor, variant: Tensor, labels: Tensor, most: int) -> Tensor:
    """The images on which the predictions of two networks differ most.

    Args:
        baseline: logits (N, classes).
        variant: logits (N, classes) of the other network.
        labels: int64 (N,).
        most: number of images.

    Returns:
        Indices of up to `most` images that exactly one of the networks classifies correctly: first those that the
        variant does, then those that the baseline does, half of each where both have enough; by the difference in the
        probability of the true class, largest first.
    """
    gain = _of_label(variant.double().softmax(1), labels) - _of_label(baseline.double().softmax(1), labels)
    better = (variant.argmax(1) == labels) & (baseline.argmax(1) != labels)
    worse = (variant.argmax(1) != labels) & (baseline.argmax(1) == labels)
    order = gain.argsort(descending=True, stable=True)
    gained, lost = order[better[order]], order.flip(0)[worse[order.flip(0)]]
    half = most // 2
    return torch.cat([gained[: max(half, most - len(lost))], lost[: max(most - half, most - len(gained))]])


def _of_label(values: Tensor, labels: Tensor) -> Tensor:
    return values.gather(1, labels[:, None])[:, 0]
