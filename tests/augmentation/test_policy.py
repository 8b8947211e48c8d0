"""Policies apply torchvision's transforms, each image with its own seed."""

import pytest
import torch

from ablate.augmentation import policy
from ablate.backend import seeding
from ablate.backend.torchvision import torchvision  # noqa: F401

OPTIONS = {
    "color_jitter": policy.color_jitter(0.2, 0.2, 0.2, 0.05),
    "randaugment": policy.randaugment(2, 9),
    "trivialaugment": policy.trivialaugment(),
    "autoaugment": policy.autoaugment("cifar10"),
    "augmix": policy.augmix(3, 3, -1, 1.0),
}


def photos(n: int) -> torch.Tensor:
    from sklearn.datasets import load_sample_image

    photo = torch.from_numpy(load_sample_image("china.jpg").copy()).permute(2, 0, 1)
    return torch.stack([photo[:, 20 * i : 20 * i + 32, 20 * i : 20 * i + 32] for i in range(n)])


@pytest.mark.parametrize("name", OPTIONS)
def test_each_image_is_transformed_as_by_torchvision_with_its_seed(name):
    from torchvision.transforms import v2

    reference = {
        "color_jitter": v2.ColorJitter(0.2, 0.2, 0.2, 0.05),
        "randaugment": v2.RandAugment(2, 9),
        "trivialaugment": v2.TrivialAugmentWide(),
        "autoaugment": v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10),
        "augmix": v2.AugMix(3, 3, -1, 1.0),
    }[name]
    images = photos(8)
    draws = torch.from_numpy(OPTIONS[name].draw(8, seeding.stream(0, "augmentation", 1)))
    before = torch.get_rng_state()
    transformed, _ = OPTIONS[name](images, torch.eye(8), draws)
    assert torch.equal(torch.get_rng_state(), before)
    for i in range(8):
        with torch.random.fork_rng():
            torch.manual_seed(int(draws[i, 0]))
            assert torch.equal(transformed[i], reference(images[i]))
    assert transformed.dtype == torch.uint8 and not torch.equal(transformed, images)


@pytest.mark.parametrize("name", OPTIONS)
def test_grayscale_and_mixed_images_are_supported(name):
    draws = torch.from_numpy(OPTIONS[name].draw(4, seeding.stream(0, "augmentation", 1)))
    gray, _ = OPTIONS[name](photos(4)[:, :1], torch.eye(4), draws)
    mixed, _ = OPTIONS[name](photos(4).float(), torch.eye(4), draws)
    assert gray.shape == (4, 1, 32, 32) and gray.dtype == mixed.dtype == torch.uint8


def test_the_generators_of_a_gpu_used_by_dropout_are_unchanged(monkeypatch):
    draws = torch.from_numpy(OPTIONS["trivialaugment"].draw(2, seeding.stream(0, "augmentation", 1)))
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU's generator was seeded"))
    OPTIONS["trivialaugment"](photos(2), torch.eye(2), draws)
