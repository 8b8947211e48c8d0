"""Random resized crops against torchvision's function with the same boxes."""

import numpy as np
import pytest
import torch

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Flip
from ablate.augmentation.resized_crop import RandomResizedCrop, enlarged
from ablate.backend import seeding
from ablate.backend.torchvision import torchvision  # noqa: F401
from ablate.data.photographs import Photographs
from tests.augmentation.distributions import assert_same_distribution

STEP = RandomResizedCrop([0.08, 1.0], [3 / 4, 4 / 3])


def stream(step: str) -> np.random.Generator:
    return seeding.stream(0, "augmentation", step, 1)


def draws_of(n: int) -> torch.Tensor:
    return torch.from_numpy(STEP.draw(n, stream("random_resized_crop")))


def squares(n: int, side: int = 32) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def photographs(sizes: list[tuple[int, int]], image_size: int) -> Photographs:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for height, width in sizes]
    stored = b"".join(image.tobytes() for image in pixels) + np.array(sizes, "<u4").tobytes()
    return Photographs(np.frombuffer(bytearray(stored), np.uint8), len(sizes), image_size)


@pytest.mark.parametrize("side", [8, 32, 33])
def test_a_part_of_a_square_image_is_enlarged_as_by_torchvision(side: int) -> None:
    from torchvision.transforms.v2.functional import resized_crop

    images, sizes = squares(40, side), torch.tensor([[side, side]]).expand(40, 2)
    boxes = STEP.boxes(draws_of(40), sizes)
    cut = enlarged(images, boxes)
    assert cut.dtype == torch.uint8
    for image, box, result in zip(images, boxes.tolist(), cut, strict=True):
        expected = resized_crop(image.float(), *box, [side, side], antialias=True)
        assert (result.float() - expected).abs().max() <= 0.502  # a half by rounding
    whole = torch.tensor([[0, 0, side, side]]).expand(40, 4)
    assert torch.equal(enlarged(images, whole), images)
    assert torch.allclose(enlarged(images.float() / 3, whole), images.float() / 3, atol=1e-3)


def test_the_crops_are_those_of_the_draws() -> None:
    from torchvision.transforms.v2.functional import resized_crop

    sizes = [(40, 60), (64, 40), (40, 40), (160, 40)] * 3
    images, draws = photographs(sizes, 32), draws_of(12)
    boxes = STEP.boxes(draws, images.sizes)
    cut, targets = STEP(images, torch.eye(12), draws)
    assert torch.equal(targets, torch.eye(12)) and cut.shape == (12, 3, 32, 32)
    for whole, box, result in zip(images.whole(), boxes.tolist(), cut, strict=True):
        image = torch.from_numpy(whole.copy()).permute(2, 0, 1)
        assert torch.equal(result, resized_crop(image, *box, [32, 32], antialias=True))


@pytest.mark.parametrize("size", [(32, 32), (256, 341), (400, 100)])
def test_boxes_are_distributed_as_in_torchvision(size: tuple[int, int]) -> None:
    from torchvision.transforms import RandomResizedCrop as Reference

    n, image = 2000, torch.empty(1, *size)
    torch.manual_seed(0)
    theirs = np.array([Reference.get_params(image, STEP.scale, STEP.ratio) for _ in range(n)])
    assert_same_distribution(STEP.boxes(draws_of(n), torch.tensor(size).expand(n, 2)).numpy(), theirs)


def test_where_no_attempt_fits_the_part_is_torchvisions_central_one() -> None:
    from torchvision.transforms import RandomResizedCrop as Reference

    step = RandomResizedCrop([1.0, 1.0], [0.9, 1.1])  # the whole area of an image that is not square never fits
    for height, width in ((40, 400), (400, 40), (41, 90)):
        (box,) = step.boxes(draws_of(1), torch.tensor([[height, width]])).tolist()
        assert tuple(box) == Reference.get_params(torch.empty(3, height, width), [1.0, 1.0], [0.9, 1.1])


@pytest.mark.parametrize("kind", ["squares", "photographs"])
def test_the_crop_of_an_image_does_not_depend_on_its_batch(kind: str) -> None:
    images = squares(8) if kind == "squares" else photographs([(40, 60), (64, 40)] * 4, 32)
    draws, targets = draws_of(8), torch.eye(8)
    together, _ = STEP(images, targets, draws)
    for index in (torch.tensor([3]), torch.tensor([7, 0, 3])):
        part = images.subset(index) if isinstance(images, Photographs) else images[index]
        assert torch.equal(STEP(part, targets[index], draws[index])[0], together[index])


def test_only_the_first_step_cuts_from_whole_photographs() -> None:
    images, draws = photographs([(40, 60), (64, 40)] * 4, 32), draws_of(8)
    flips, targets = torch.ones(8, 1, dtype=torch.bool), torch.eye(8)
    crop_first, _ = Augmentation({"crop": STEP, "flip": Flip(1.0)})(images, targets, [draws, flips])
    assert torch.equal(crop_first, STEP(images, targets, draws)[0].flip(-1))
    flip_first, _ = Augmentation({"flip": Flip(1.0), "crop": STEP})(images, targets, [flips, draws])
    assert torch.equal(flip_first, STEP(images[:].flip(-1), targets, draws)[0])
    centers, _ = Augmentation({})(images, targets, [])
    assert torch.equal(centers, images[:])
