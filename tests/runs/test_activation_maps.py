"""The files of class activation maps: what was written is read, and damage is detected."""

import json

import msgspec
import numpy as np
import pytest

from ablate.runs import activation_maps
from ablate.runs.activation_maps import ActivationMaps

IMAGE = {"index": 7, "label": 1, "predicted": [1, 0], "confidence": [0.9, 0.6]}
CONTENT = {
    "variants": ["baseline", "model=b"], "seeds": [0, 0], "folders": ["baseline/seed=0", "model=b/seed=0"],
    "layers": ["5", ""], "config_sha256": ["baseline 0", "model=b 0"], "weights_sha256": ["0", "1"],
    "data_sha256": "2", "classes": ["cat", "dog"], "images": [IMAGE],
}  # fmt: skip
IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(1, 3, 4, 4)
MAPS = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 1, 4, 4)


def record(**values: object) -> ActivationMaps:
    return msgspec.convert({**CONTENT, **values}, ActivationMaps)


def test_maps_are_read_as_they_were_written_and_deleted(tmp_path):
    assert activation_maps.read(tmp_path) is None
    activation_maps.write(tmp_path, record(), IMAGES, MAPS)
    stored, images, maps = activation_maps.read(tmp_path)
    assert stored == record() and (images == IMAGES).all() and (maps == MAPS).all()
    activation_maps.delete(tmp_path)
    activation_maps.delete(tmp_path)
    assert activation_maps.read(tmp_path) is None and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "values",
    [
        {"variants": ["baseline", "\x1b[2J"]},
        {"classes": ["cat"]},
        {"images": []},
        {"images": [IMAGE] * 9},
        {"images": [{**IMAGE, "predicted": [2, 0]}]},
        {"images": [{**IMAGE, "index": 8}]},
        {"images": [IMAGE, IMAGE]},
    ],
)
def test_records_that_do_not_fit_are_refused(tmp_path, values):
    activation_maps.write(tmp_path, record(), IMAGES, MAPS)
    (tmp_path / activation_maps.FILE).write_text(json.dumps({"schema": 1, **CONTENT, **values}))
    with pytest.raises(Exception, match=r"\w"):
        activation_maps.read(tmp_path)


@pytest.mark.parametrize(
    ("images", "maps"), [(IMAGES.astype(np.uint16), MAPS), (IMAGES, MAPS[:1]), (IMAGES, MAPS[..., :2, :2])]
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, images, maps):
    activation_maps.write(tmp_path, record(), images, maps)
    with pytest.raises(ValueError, match=r"\w"):
        activation_maps.read(tmp_path)
