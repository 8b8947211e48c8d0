"""An image folder with known statistics."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def plain(color: tuple[int, int, int], width: int = 8, height: int = 8) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


@pytest.fixture(scope="session")
def two_colors(tmp_path_factory) -> Path:
    """Six black images and two of RGB (255, 51, 0), one of them 16x8; a test image of another color."""
    root = tmp_path_factory.mktemp("two") / "colors"
    for index in range(6):
        save(root / f"train/black/{index}.png", plain((0, 0, 0)))
    save(root / "train/red/0.png", plain((255, 51, 0)))
    save(root / "train/red/1.png", plain((255, 51, 0), width=16))
    save(root / "test/red/0.png", plain((1, 2, 3)))
    return root
