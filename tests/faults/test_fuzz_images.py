"""Images damaged at random are refused in a sentence or read as what they hold: never another exception."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ablate.data.decode import decode
from ablate.data.image_folder import image_folder
from tests.faults.damage import bytewise, damaged


@pytest.mark.parametrize("kind", ["gif", "bmp", "webp", "tiff", "ppm"])
def test_images_of_other_formats(tmp_path, fuzz, kind):
    path = tmp_path / f"image.{kind}"
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(path)

    def read() -> None:
        try:
            assert decode(str(path), 8)[0].shape == (3, 8, 8)
        except Exception as error:  # reported with the name of the file
            assert not isinstance(error, MemoryError)

    fuzz(bytewise, damaged(path, read))


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_images(tmp_path, fuzz, photo_folder, monkeypatch, kind):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "photos"
    for name in ("china", "flower"):
        source = sorted((photo_folder / "train" / name).glob(f"*.{kind}"))[0]
        (root / "train" / name).mkdir(parents=True)
        shutil.copy(source, root / "train" / name / source.name)
    path = next((root / "train/china").iterdir())

    def read() -> None:
        images = image_folder(str(root), 8, 1, "train")
        pixels, _ = decode(str(path), 8)  # what was accepted is what the file holds
        assert np.array_equal(images.images[0].numpy(), pixels)

    fuzz(bytewise, damaged(path, read))
