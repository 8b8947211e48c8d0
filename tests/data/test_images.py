import pytest
import torch

from ablate.data.images import Images
from ablate.terminal.errors import InputError


def _pixels(count: int, dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    return torch.arange(count * 12).reshape(count, 3, 2, 2).to(dtype)


def test_subset_selects_images_in_order() -> None:
    images = Images(_pixels(4), torch.tensor([0, 1, 1, 0]), ("a", "b"))
    subset = images.subset(torch.tensor([2, 0]))
    assert len(subset) == 2
    assert subset.images[:, 0, 0, 0].tolist() == [24, 0]
    assert subset.labels.tolist() == [1, 0]
    assert subset.classes == ("a", "b")


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (_pixels(2, torch.float32), [0, 1], r"uint8 \(N, C, H, W\), not float32 \(2, 3, 2, 2\)"),
        (_pixels(2)[0], [0, 1], "uint8"),
        (_pixels(2), [0, 1, 1], r"one per image, not int64 \(3,\)"),
        (_pixels(2), [0.0, 1.0], "int64"),
        (_pixels(2), [0, 2], "0 to 1, but range from 0 to 2"),
        (_pixels(2), [-1, 0], "range from -1 to 0"),
        (_pixels(0), torch.empty(0, dtype=torch.int64), "no image"),
    ],
)
def test_mismatched_images_and_labels_are_refused(pixels: torch.Tensor, labels: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Images(pixels, torch.as_tensor(labels), ("a", "b"))


def test_class_names_are_those_that_a_record_can_have() -> None:
    """A data set of the user's code may name its classes by numbers, or after files with names in Latin-1."""
    images = Images(_pixels(2), torch.tensor([0, 1]), (7, "caf\udce9"))  # type: ignore[arg-type]
    assert images.classes == ("7", r"caf\udce9") == images.subset(torch.tensor([0])).classes
