"""Counts, duplicates and warnings for images written by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from ablate.data.duplicates import copies
from ablate.data.images import Images
from ablate.data.prepare import Prepared
from ablate.data.summary import Files, size_statistics, summary

CLASSES = ("a", "b")


def images(values: list[int], labels: list[int]) -> Images:
    """One constant gray image of 4x4 pixels per value."""
    pixels = torch.tensor(values, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    return Images(pixels, torch.tensor(labels), CLASSES)


@pytest.fixture
def data() -> Prepared:
    """Training: 10 10 20 30 of classes a a a b; validation: 10 40 of classes a b; two more are unused."""
    half = torch.tensor([0.5])
    train, val = images([10, 10, 20, 30], [0, 0, 0, 1]), images([10, 40], [0, 1])
    return Prepared(train, val, np.array([0, 1, 3, 5]), np.array([2, 4]), 8, half, half, "0" * 64)


def test_counts_and_colors(data):
    facts = summary(data, images([50, 60, 70], [0, 0, 0]).images, None)
    assert facts["images"] == {"train": 4, "validation": 2, "unused": 2, "test": 3, "split": "stratified"}
    assert facts["classes"] == {"a": {"train": 3, "validation": 1}, "b": {"train": 1, "validation": 1}}
    assert facts["largest_class"] == {"name": "a", "validation_share": 0.5, "validation_macro_f1": pytest.approx(1 / 3)}
    assert facts["size"] == {"channels": 1, "height": 4, "width": 4} and facts["files"] is None
    assert facts["pixels"]["mean"] == pytest.approx([17.5 / 255])
    assert facts["pixels"]["std"] == pytest.approx([(275 / 4) ** 0.5 / 255])  # 7.5² + 7.5² + 2.5² + 12.5² = 275
    assert facts["normalization"] == {"mean": [0.5], "std": [0.5]}


def test_duplicates_within_and_across_parts(data):
    facts = summary(data, images([10, 40, 50], [1, 1, 1]).images, None)
    assert facts["copies"] == {
        "train": 1,
        "train_and_validation": 1,
        "train_or_validation_and_test": 2,
        "of_two_classes": 0,
        "listed": [
            ["training image 0", "training image 2"],
            ["training image 0", "test image 0"],
            ["training image 4", "test image 1"],
            ["training image 0", "training image 1"],
        ],
    }
    assert facts["warnings"] == [
        "Imbalanced classes: a has 3.0 times the training images of b.",
        "Validation images that are also training images: 1 of 2, such as training image 0 and training image 2. "
        "A model can get these right by memorizing.",
        "Test images that are also training or validation images: 2 of 3, such as training image 0 and test image 0. "
        "A model can get these right by memorizing.",
        "Duplicate training images: 1 of 4.",
    ]


def test_an_image_with_two_labels(data):
    mislabeled = dataclasses.replace(data, val=images([30, 20], [0, 1]))
    assert [copy.same_class for copy in copies(mislabeled, None, None)] == [False, False, True]
    assert summary(mislabeled, None, None)["copies"]["of_two_classes"] == 2
    message = "Identical images with different labels: 2, such as training image 5 and training image 2."
    assert message in summary(mislabeled, None, None)["warnings"]


def test_similar_images_of_two_parts_are_counted_apart_from_identical_ones():
    pixels = torch.randint(0, 256, (4, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels, half = torch.tensor([0, 1, 0, 1]), torch.tensor([0.5])
    train, val = Images(pixels, labels, CLASSES), Images(pixels[:2] ^ 1, labels[:2], CLASSES)  # a gray value apart
    data = Prepared(train, val, np.arange(4), np.arange(4, 6), 6, half, half, "0" * 64)
    facts = summary(data, torch.cat([pixels[2:] ^ 1, pixels[:1]]), None)
    assert facts["copies"]["train_and_validation"] == 0 and facts["copies"]["train_or_validation_and_test"] == 1
    assert facts["near_copies"] == {
        "train_and_validation": 2,
        "train_or_validation_and_test": 3,
        "listed": [
            ["training image 0", "training image 4"],
            ["training image 1", "training image 5"],
            ["training image 2", "test image 0"],
            ["training image 3", "test image 1"],
            ["training image 4", "test image 2"],
        ],
    }
    message = "Validation images that are near-duplicates of training images: 2 of 2, such as training image 0 and "
    assert message + "training image 4." in facts["warnings"]


def test_no_warnings(data):
    clean = dataclasses.replace(data, train=images([10, 20, 30, 40], [0, 1, 0, 1]), val=images([50, 60], [0, 1]))
    facts = summary(clean, None, None)
    assert facts["warnings"] == [] and facts["copies"]["listed"] == [] and facts["images"]["test"] is None


def test_files_give_names_and_sizes(data):
    names = [f"train/{index}.png" for index in range(8)]
    sizes = np.array([[4, 4]] * 6 + [[8, 4], [9, 9]])
    facts = summary(data, images([10], [0]).images, Files(names, ["test/0.png"], sizes))
    assert facts["files"] == {
        "width": {"smallest": 4, "median": 4.0, "largest": 9},
        "height": {"smallest": 4, "median": 4.0, "largest": 9},
        "sizes": 3,
        "not_square": 1,
    }
    assert facts["copies"]["listed"][:2] == [["train/0.png", "train/2.png"], ["train/0.png", "test/0.png"]]
    assert (
        facts["warnings"][-1]
        == "Images that are not square and are squeezed to 4x4: 1 of 8. data.resize=shorter keeps their aspect ratio."
    )


@pytest.mark.parametrize(("largest", "bits"), [(255, 8), (1023, 10), (4095, 12), (4096, None), (65535, None)])
def test_16_bit_files_with_fewer_bits_are_nearly_black(data, largest, bits):
    bits = bits or {4096: 13}.get(largest)
    files = Files([f"train/{index}.png" for index in range(8)], [], np.full((8, 2), 4), largest)
    dark = [text for text in summary(data, None, files)["warnings"] if text.startswith("Nearly black")]
    assert len(dark) == (largest < 65535)
    if dark:
        factor = int(dark[0].partition("Multiply their pixels by ")[2].partition(" ")[0])
        assert f"of {bits} bits" in dark[0] and 32768 <= (largest + 1) * factor - 1 <= 65535


def test_the_median_is_computed_per_side():
    assert size_statistics(np.array([[1, 10], [2, 20], [5, 90]]))["width"] == {
        "smallest": 1,
        "median": 2.0,
        "largest": 5,
    }
