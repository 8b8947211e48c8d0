"""Handwritten digits from scikit-learn, without a download."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch

from ablate.data.images import Images, Part
from ablate.data.split import stratified
from ablate.terminal.errors import InputError

_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never change: the test images must stay the same


def digits(part: Part) -> Images:
    """Handwritten digits, grayscale, 8x8, 10 classes, 1,437 training and 360 test images.

    scikit-learn's data set has no test part. Here a fixed, stratified fifth of it is the test part.

    Returns:
        uint8 (N, 1, 8, 8); the original values 0 to 16 are scaled to 0 to 255.

    Source: Alpaydin & Kaynak (1998).
    """
    # Not load_digits: importing scikit-learn takes over a second, reading its packaged file a twentieth of one.
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise InputError("data=digits needs the package scikit-learn, which is missing. Run: pip install scikit-learn")
    table = np.loadtxt(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    pixels, labels = table[:, :-1], table[:, -1].astype(np.int64)
    train, test = stratified(labels, math.ceil(_TEST_FRACTION * len(labels)), _TEST_SEED)
    index = train if part == "train" else test
    scaled = np.rint(pixels[index].reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    return Images(
        torch.from_numpy(scaled),
        torch.from_numpy(labels[index]),
        tuple(str(digit) for digit in range(10)),
    )
