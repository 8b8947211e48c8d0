"""Small images of one gray value, in class folders."""

from pathlib import Path

from PIL import Image


def class_folders(root: Path) -> Path:
    """A folder with train/ and test/, classes a and b, and two black images in each."""
    for part in ("train", "test"):
        for name in "ab":
            for index in range(2):
                gray_image(root / part / name / f"{index}.png")
    return root


def gray_image(path: Path, gray: int = 0) -> None:
    """An image of 8x8 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (gray, gray, gray)).save(path)
