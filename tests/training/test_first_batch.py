"""The sample of training images contains the images that the loop trains on."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Flip
from ablate.augmentation.mixing import Mixup
from ablate.backend import seeding
from ablate.data.batches import Resident
from ablate.training.first_batch import COUNT, first_images, samples


@pytest.fixture
def data():
    images = torch.randint(0, 256, (50, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    label = torch.zeros(1, dtype=torch.long)
    return Resident(images, torch.arange(50), torch.eye(50), np.arange(50), 50, images[:1], label)


def trainer(batch_size: int) -> Any:
    return OmegaConf.create({"batch_size": batch_size, "sampler": "shuffle"})


def read(content: bytes) -> np.ndarray:
    return np.load(io.BytesIO(content))["images"]


def test_without_augmentation_they_are_the_first_images_of_the_first_epoch(data):
    order = seeding.stream(7, "order", 1).random(50).argsort()
    sample = read(samples(Augmentation({}), data, trainer(32), seed=7))
    assert sample.dtype == np.uint8 and (sample == data.images.numpy()[order[:COUNT]]).all()


def test_each_is_the_image_or_its_flip(data):
    plain = read(samples(Augmentation({}), data, trainer(32), seed=7))
    sample = read(samples(Augmentation({"flip": Flip(p=0.5)}), data, trainer(32), seed=7))
    mirrored = [(image == other[..., ::-1]).all() for image, other in zip(sample, plain, strict=True)]
    same = [(image == other).all() for image, other in zip(sample, plain, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True)) and 0 < sum(mirrored) < COUNT


def test_mixed_images_are_rounded(data):
    sample = read(samples(Augmentation({"mixup": Mixup(alpha=1.0)}), data, trainer(8), seed=0))
    assert sample.shape == (8, 3, 4, 4) and sample.dtype == np.uint8


def test_targets_are_mixed_like_the_images(data):
    images, plain = first_images(Augmentation({}), data, trainer(8), seed=0)
    mixed, targets = first_images(Augmentation({"mixup": Mixup(alpha=1.0)}), data, trainer(8), seed=0)
    assert (plain.argmax(1) == [np.flatnonzero((data.images.numpy() == i).all((1, 2, 3)))[0] for i in images]).all()
    share = (targets * plain).sum(1)[:, None, None, None]  # of the image itself; the rest is the previous one
    expected = share * images + (1 - share) * np.roll(images, 1, axis=0)
    np.testing.assert_allclose(mixed, expected, atol=0.51)
