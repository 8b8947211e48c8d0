"""Lengths of augmentations, in pixels or as a fraction of the image."""


def in_pixels(length: float, side: int) -> int:
    """Convert a length to pixels: below 1, it is a fraction of the image's `side` in pixels; at least 1 pixel."""
    return int(length) if length >= 1 else max(1, round(length * side))
