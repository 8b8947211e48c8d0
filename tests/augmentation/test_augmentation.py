"""Steps are applied in order, each image with its own draws."""

import numpy as np
import torch

from ablate.augmentation import Augmentation
from ablate.augmentation.erasing import Cutout
from ablate.augmentation.geometry import Crop, Flip
from ablate.backend import seeding


def batch(n: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 3, 8, 8), generator=generator, dtype=torch.uint8)
    return images, torch.eye(n)


def stream(step: str) -> np.random.Generator:
    return seeding.stream(0, "augmentation", step, 1)


def test_without_steps_images_and_targets_are_unchanged():
    images, targets = batch()
    augment = Augmentation({})
    assert augment.draw(6, stream) == []
    same_images, same_targets = augment(images, targets, [])
    assert same_images is images and same_targets is targets


def test_the_augmentation_of_an_image_does_not_depend_on_its_batch():
    images, targets = batch()
    augment = Augmentation({"flip": Flip(0.5), "crop": Crop(2, "constant")})
    draws = [torch.from_numpy(numbers) for numbers in augment.draw(6, stream)]
    whole, _ = augment(images, targets, draws)
    for i in range(6):
        alone, _ = augment(images[i : i + 1], targets[i : i + 1], [d[i : i + 1] for d in draws])
        assert torch.equal(alone[0], whole[i])


def test_steps_apply_in_order():
    images, targets = batch(1)
    flip_first, _ = Augmentation({"flip": Flip(1), "crop": Crop(2, "constant")})(
        images, targets, [torch.ones(1, 1, dtype=bool), torch.tensor([[0, 0]])]
    )
    crop_first, _ = Augmentation({"crop": Crop(2, "constant"), "flip": Flip(1)})(
        images, targets, [torch.tensor([[0, 0]]), torch.ones(1, 1, dtype=bool)]
    )
    assert (flip_first[0, :, :, :2] == 0).all() and (crop_first[0, :, :, -2:] == 0).all()


def test_the_draws_of_a_step_do_not_depend_on_other_steps():
    alone = Augmentation({"flip": Flip(0.5)}).draw(50, stream)
    after = Augmentation({"cutout": Cutout(4), "crop": Crop(2, "constant"), "flip": Flip(0.5)}).draw(50, stream)
    assert (alone[0] == after[2]).all() and 10 < alone[0].sum() < 40
