import pytest
import torch

from ablate.data.images import Images
from ablate.terminal.errors import InputError


def _pixels(count: int, dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    return torch.arange(count * 12).reshape(count, 3, 2, 2).to(dtype)


def test_subset_takes_the_images_asked_for_in_that_order() -> None:
    images = Images(_pixels(4), torch.tensor([0, 1, 1, 0]), ("a", "b"))
    chosen = images.subset(torch.tensor([2, 0]))
    assert len(chosen) == 2
    assert chosen.images[:, 0, 0, 0].tolist() == [24, 0]
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.classes == ("a", "b")


@pytest.mark.parametrize(
    ("pixels", "labels", "said"),
    [
        (_pixels(2, torch.float32), [0, 1], r"uint8 \(N, C, H, W\), not float32 \(2, 3, 2, 2\)"),
        (_pixels(2)[0], [0, 1], "uint8"),
        (_pixels(2), [0, 1, 1], r"one an image, not int64 \(3,\)"),
        (_pixels(2), [0.0, 1.0], "int64"),
        (_pixels(2), [0, 2], "0 to 1, but go from 0 to 2"),
        (_pixels(2), [-1, 0], "go from -1 to 0"),
        (_pixels(0), torch.empty(0, dtype=torch.int64), "no image"),
    ],
)
def test_what_does_not_fit_together_is_refused(pixels: torch.Tensor, labels: list, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Images(pixels, torch.as_tensor(labels), ("a", "b"))
