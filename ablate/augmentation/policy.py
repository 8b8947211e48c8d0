"""torchvision's v2 transforms, applied to one image at a time, each with its own random seed."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Policy:
    """Applies `transform`, a function of a uint8 image (C, H, W) that draws from PyTorch's global generator."""

    reach: ClassVar[int] = 0
    transform: Callable[[Tensor], Tensor]

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw one seed per image, (n, 1)."""
        return rng.integers(0, 2**63 - 1, (n, 1))

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Transform images on the CPU, where torchvision's operations on single images are fastest."""
        rounded = images.round().byte() if images.is_floating_point() else images  # float after a mixing step
        transformed = []
        with torch.random.fork_rng(devices=[]):
            for image, seed in zip(rounded.cpu(), draws[:, 0].tolist(), strict=True):
                torch.default_generator.manual_seed(
                    seed
                )  # torch.manual_seed would also reset the GPU's, used by dropout
                transformed.append(self.transform(image))
        return torch.stack(transformed).to(images.device), targets


def color_jitter(brightness: float, contrast: float, saturation: float, hue: float) -> Policy:
    """Random brightness, contrast, saturation and hue."""
    return Policy(_v2().ColorJitter(brightness, contrast, saturation, hue))


def randaugment(num_ops: int, magnitude: int) -> Policy:
    """`num_ops` random operations of strength `magnitude` (Cubuk et al. 2020)."""
    return Policy(_v2().RandAugment(num_ops, magnitude))


def trivialaugment() -> Policy:
    """One random operation of random strength (Müller & Hutter 2021)."""
    return Policy(_v2().TrivialAugmentWide())


def autoaugment(policy: str) -> Policy:
    """The policy learned on cifar10, imagenet or svhn (Cubuk et al. 2019)."""
    v2 = _v2()
    return Policy(v2.AutoAugment(v2.AutoAugmentPolicy(policy)))


def augmix(severity: int, mixture_width: int, chain_depth: int, alpha: float) -> Policy:
    """Weighted mean of the image and of `mixture_width` chains of random operations (Hendrycks et al. 2020)."""
    return Policy(_v2().AugMix(severity, mixture_width, chain_depth, alpha))


def _v2() -> ModuleType:
    """Import torchvision's transforms, only where a policy is used."""
    from ablate.backend.torchvision import torchvision

    return import_module(f"{torchvision.__name__}.transforms.v2")
