"""`activation_maps.json` and `.npz`: class activation maps of the baseline of a study and its best other variant."""

import io
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from ablate.files import arrays, atomic, bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Fraction, Record
from ablate.runs.valid_names import is_name

FILE = "activation_maps.json"
ARRAYS = "activation_maps.npz"
MOST = 8  # images
SIDE = 128  # pixels
LARGEST = json_file.Limit(bounded.MIB, 2**17)
LARGEST_ARRAYS = 4 * bounded.MIB


class MappedImage(Record, frozen=True, kw_only=True):
    """A validation image: its position in the source, its label, and the predictions of baseline and variant."""

    index: Count
    label: Count
    predicted: tuple[Count, Count]
    confidence: tuple[Fraction, Fraction]


class ActivationMaps(Record, frozen=True, kw_only=True):
    """The content of activation_maps.json. Pairs are of the baseline and the variant.

    Attributes:
        folders: of the two runs, below the study's.
        layers: names of the layers of the maps; empty for a network without a spatial layer.
        images: those in the arrays, in their order.
    """

    schema: int = json_file.SCHEMA
    variants: tuple[str, str]
    seeds: tuple[Count, Count]
    folders: tuple[str, str]
    layers: tuple[str, str]
    config_sha256: tuple[str | None, str | None]
    weights_sha256: tuple[str, str]
    data_sha256: str | None
    classes: list[str]
    images: Annotated[list[MappedImage], msgspec.Meta(min_length=1, max_length=MOST)]

    def __post_init__(self) -> None:
        """Refuse names that a terminal cannot print, and images of no class."""
        for name in (*self.variants, *self.classes, *(layer or "none" for layer in self.layers)):
            if not is_name(name):
                raise ValueError(f"the name {name!r:.80} is not printable text in one line")
        if any(max(image.label, *image.predicted) >= len(self.classes) for image in self.images):
            raise ValueError("an image has a label of no class")


def write(study: Path, record: ActivationMaps, images: np.ndarray, maps: np.ndarray) -> None:
    """Write both files.

    Args:
        study: folder of the study.
        record: what they are of.
        images: uint8 (n, C, H, H), with up to `SIDE` pixels a side.
        maps: uint8 (2, n, H, H), of the baseline and the variant.
    """
    index = np.array([image.index for image in record.images])
    np.savez_compressed(content := io.BytesIO(), images=images, maps=maps, index=index)
    atomic.write_bytes(study / ARRAYS, content.getvalue())
    json_file.write(study / FILE, record)


def delete(study: Path) -> None:
    """Delete both files, if there are any."""
    for name in (FILE, ARRAYS):
        (study / name).unlink(missing_ok=True)


def read(study: Path) -> tuple[ActivationMaps, np.ndarray, np.ndarray] | None:
    """The record, the images and the maps; see `write`. None if there are none.

    Raises:
        InputError: the record is damaged.
        Exception: any other kind, for damaged arrays.
    """
    if not (study / FILE).exists():
        return None
    record = json_file.read(study / FILE, ActivationMaps, "a tested study", LARGEST, "Run `ablate test` again.")
    count, side = len(record.images), range(1, SIDE + 1)
    expected = {
        "images": arrays.Expected("u", (count, range(1, 4), side, side)),
        "maps": arrays.Expected("u", (2, count, side, side)),
        "index": arrays.Expected("iu", (count,)),
    }
    stored = arrays.read(study / ARRAYS, expected, LARGEST_ARRAYS)
    images, maps = stored["images"], stored["maps"]
    if stored["index"].tolist() != [image.index for image in record.images]:
        raise ValueError("the images are of another test")
    if images.dtype != np.uint8 or maps.dtype != np.uint8 or images.shape[2:] != maps.shape[2:]:
        raise ValueError("images and maps do not fit together")
    return record, images, maps
