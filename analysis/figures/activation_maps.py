"""Class activation maps of two networks, over the images on which their predictions differ."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.analysis.figures.image_grid import samples
from ablate.runs.activation_maps import ActivationMaps

COLORS = "inferno"
SHARE = 0.6  # of the map in a blended pixel


def activation_maps(record: ActivationMaps, images: np.ndarray, maps: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw the images, and the maps of the baseline and of the variant over them.

    Args:
        record: what they are of.
        images: uint8 (n, C, H, H).
        maps: uint8 (2, n, H, H).
        labels: of the baseline and of the variant.
    """
    names = record.classes
    rows = {"image": images} | {
        label: over(images, values) if layer else images
        for label, values, layer in zip(labels, maps, record.layers, strict=True)
    }
    titles = {"image": [names[image.label] for image in record.images]}
    titles |= {
        label: [f"{names[image.predicted[place]]}\n{100 * image.confidence[place]:.0f} %" for image in record.images]
        for place, label in enumerate(labels)
    }
    return samples(rows, titles)


def over(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Images uint8 (n, C, H, H) in gray with maps uint8 (n, H, H) over them: uint8 (n, 3, H, H)."""
    gray = images.mean(1, keepdims=True)
    colors = 255 * matplotlib.colormaps[COLORS](maps)[..., :3].transpose(0, 3, 1, 2)
    blended: np.ndarray = (1 - SHARE) * gray + SHARE * colors
    return blended.round().astype(np.uint8)
