"""Handwritten digits that come with scikit-learn: 1797 grey images of 8x8, no download (Alpaydin and Kaynak 1998)."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch

from ablate.data.images import Images, Part
from ablate.data.split import stratified
from ablate.terminal.errors import InputError

_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never to change: the test part must be the same images for ever


def digits(part: Part) -> Images:
    """Handwritten digits, grey, 8x8, 10 classes, 1,437 + 360 images, part of this package (Alpaydin & Kaynak 1998).

    uint8 (N, 1, 8, 8), their values 0 to 16 scaled to 0 to 255. They have no test set of their own: a fixed fifth,
    stratified by class, is the `test` part, the rest `train`.
    """
    # Importing scikit-learn takes nearly two seconds, reading its file a twentieth of one.
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise InputError("data=digits needs the package scikit-learn, which is missing. Run: pip install scikit-learn")
    table = np.loadtxt(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    pixels, labels = table[:, :-1], table[:, -1].astype(np.int64)
    train, test = stratified(labels, math.ceil(_TEST_FRACTION * len(labels)), _TEST_SEED)
    chosen = train if part == "train" else test
    scaled = np.rint(pixels[chosen].reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    return Images(
        torch.from_numpy(scaled),
        torch.from_numpy(labels[chosen]),
        tuple(str(digit) for digit in range(10)),
    )
