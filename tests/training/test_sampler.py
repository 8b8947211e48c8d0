"""Samplers: how often an epoch uses each class and image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Flip
from ablate.augmentation.mixing import Mixup
from ablate.data.batches import Resident
from ablate.training.draws import drawn
from ablate.training.sampler import SAMPLERS


def resident(*counts: int) -> Resident:
    """Images whose pixels are their position, with these counts per class; every second one of the source."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    n = len(labels)
    images = torch.arange(n).view(n, 1, 1, 1).byte()
    return Resident(images, labels, torch.eye(len(counts)), 2 * np.arange(n), 2 * n, images[:1], labels[:1])


def uses(data: Resident, epoch: int, seed: int = 0) -> np.ndarray:
    """How often an epoch uses each image."""
    order, _ = drawn(Augmentation({}), data, "balanced", epoch, seed)
    return np.bincount(order.numpy(), minlength=len(data.images))


@pytest.mark.parametrize("counts", [(10, 10), (90, 9, 1), (1, 1, 1, 1, 60), (3, 50, 7)], ids=str)
def test_balanced_uses_classes_and_their_images_equally_often(counts):
    data = resident(*counts)
    count = uses(data, epoch=1)
    assert count.sum() == sum(counts)
    by_class = [count[data.labels.numpy() == label] for label in range(len(counts))]
    assert np.ptp([part.sum() for part in by_class]) <= 1
    assert all(np.ptp(part) <= 1 for part in by_class)


def test_over_epochs_all_images_of_a_frequent_class_are_used():
    data = resident(90, 9, 1)
    total = sum(uses(data, epoch) for epoch in range(1, 21))
    assert total[:90].min() > 0
    classes = [total[:90].sum(), total[90:99].sum(), total[99:].sum()]
    assert max(classes) - min(classes) < 20  # the remainder of the division goes to another class each time


def test_a_seed_and_an_epoch_give_one_order():
    data = resident(20, 5)
    orders = [drawn(Augmentation({}), data, "balanced", *key)[0].tolist() for key in [(1, 0), (1, 0), (2, 0), (1, 1)]]
    assert orders[0] == orders[1] and orders[0] not in orders[2:] and orders[2] != orders[3]


def test_classes_are_spread_over_the_epoch():
    data = resident(900, 100)
    order, _ = drawn(Augmentation({}), data, "balanced", 1, 0)
    shares = [data.labels[part].float().mean().item() for part in order.split(250)]
    assert all(0.4 < share < 0.6 for share in shares)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_each_use_of_an_image_has_its_own_augmentation(sampler):
    data = resident(40, 2)
    order, (numbers,) = drawn(Augmentation({"mixup": Mixup(1.0)}), data, sampler, 1, 0)
    assert len(numbers) == len(order) == 42
    assert len(numbers.unique(dim=0)) == 42


def test_shuffle_draws_for_images_of_the_source_whatever_the_subset():
    data, flip = resident(30, 12), Augmentation({"flip": Flip(0.5)})
    order, (numbers,) = drawn(flip, data, "shuffle", 3, 0)
    half = replace(data, images=data.images[::2], labels=data.labels[::2], index=data.index[::2])
    order_of_half, (numbers_of_half,) = drawn(flip, half, "shuffle", 3, 0)
    whole = dict(zip(order.tolist(), numbers.tolist(), strict=True))
    part = dict(zip((2 * order_of_half).tolist(), numbers_of_half.tolist(), strict=True))
    assert part == {image: whole[image] for image in part}
    assert [image for image in order.tolist() if image in part] == list(part)
