"""`test_mistakes.npz`: the misclassified test images of a run that its test.json lists, for a figure."""

import io
from pathlib import Path

import numpy as np

from ablate.files import arrays, atomic, bounded
from ablate.runs.test_result import TestResult

FILE = "test_mistakes.npz"
COUNT = 25  # images that are kept
SIDE = 128  # largest height and width of a kept image, in pixels
LARGEST = 2 * COUNT * 3 * SIDE**2 + bounded.MIB  # bytes


def write(folder: Path, images: np.ndarray, index: list[int]) -> None:
    """Write the images of a run, uint8 (n, C, H, H) with at most `SIDE` pixels a side, and their positions."""
    np.savez_compressed(content := io.BytesIO(), images=images, index=np.array(index, dtype=np.int64))
    atomic.write_bytes(folder / FILE, content.getvalue())


def read(folder: Path, result: TestResult) -> np.ndarray:
    """Read the images of `result.mistakes`, uint8 (n, C, H, H).

    Raises:
        InputError: the file is too large.
        Exception: any other kind, for one that is missing, damaged or of an earlier test.
    """
    count, side = len(result.mistakes), range(1, SIDE + 1)
    expected = {
        "images": arrays.Expected("u", (count, range(1, 4), side, side)),
        "index": arrays.Expected("iu", (count,)),
    }
    stored = arrays.read(folder / FILE, expected, LARGEST)
    images = stored["images"]
    if images.dtype != np.uint8 or images.shape[1] not in (1, 3):
        raise ValueError(f"the images are {images.dtype} of {images.shape[1]} channels")
    if stored["index"].tolist() != [mistake.index for mistake in result.mistakes]:
        raise ValueError("the images are of an earlier test")
    return images
