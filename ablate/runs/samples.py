"""`samples.npz`: the first augmented training images of a run."""

from pathlib import Path

import numpy as np

from ablate.files import arrays, bounded
from ablate.runs import run_record

FILE = "samples.npz"
COUNT = 16  # images
LARGEST = 64 * bounded.MIB  # bytes: 16 RGB images of 1,000 x 1,000 pixels have 48
SIDE = range(1, 2**12)  # of a record of an earlier version, which lacks the model's input


def read(folder: Path, shape: tuple[int | range, int | range, int | range] | None = None) -> np.ndarray:
    """Read the images of a run, uint8 (n, C, H, W), with n up to `COUNT`.

    Args:
        folder: of the run.
        shape: of an image; by default that of the model's input in the run's record.

    Raises:
        InputError: the file is too large.
        Exception: any other kind, for a damaged file.
    """
    if shape is None:
        inputs = run_record.read(folder).inputs
        shape = (inputs.channels, inputs.image_size, inputs.image_size) if inputs else (range(1, 16), SIDE, SIDE)
    expected = arrays.Expected("u", (range(1, COUNT + 1), *shape))
    images = arrays.read(folder / FILE, {"images": expected}, LARGEST)["images"]
    if images.dtype != np.uint8:
        raise ValueError(f"the images are {images.dtype}, expected uint8")
    return images
