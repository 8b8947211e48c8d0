"""The format of the images that pretrained weights were trained on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InputFormat:
    """Mean and standard deviation of each channel, for pixels in [0, 1], and height and width in pixels."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int
