"""Handwritten digits that come with scikit-learn: 1797 grey images of 8x8, no download (Alpaydin and Kaynak 1998)."""

import numpy as np
import torch

from ablate.data.images import Images, Part

_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never to change: the test part must be the same images for ever


def digits(part: Part) -> Images:
    """The digits, uint8 (N, 1, 8, 8), their values 0 to 16 scaled to 0 to 255.

    They have no test set of their own: a fixed fifth, stratified by class, is the `test` part, the rest `train`.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=_TEST_FRACTION, random_state=_TEST_SEED, stratify=labels
    )
    chosen = np.sort(train if part == "train" else test)
    scaled = np.rint(pixels[chosen].reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    return Images(
        torch.from_numpy(scaled),
        torch.from_numpy(labels[chosen].astype(np.int64)),
        tuple(str(digit) for digit in range(10)),
    )
