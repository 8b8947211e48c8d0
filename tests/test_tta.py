"""Views of test-time augmentation, counted and moved by hand."""

import torch

from ablate import tta

IMAGE = torch.arange(16.0).view(1, 1, 4, 4)  # rows 0-3, 4-7, 8-11, 12-15


def test_no_augmentation_is_the_image_alone():
    (view,) = tta.none(IMAGE)
    assert view is IMAGE


def test_flip_mirrors_left_to_right():
    plain, mirrored = tta.flip(IMAGE)
    assert torch.equal(plain, IMAGE) and mirrored[0, 0, 0].tolist() == [3, 2, 1, 0]


def test_shift_moves_by_a_pixel_each_way_and_repeats_the_edge():
    still, up, down, left, right = (view[0, 0] for view in tta.shift(IMAGE))
    assert torch.equal(still, IMAGE[0, 0])
    assert up[:, 0].tolist() == [4, 8, 12, 12] and down[:, 0].tolist() == [0, 0, 4, 8]
    assert left[0].tolist() == [1, 2, 3, 3] and right[0].tolist() == [0, 0, 1, 2]


def test_shift_is_a_sixteenth_of_the_size():
    image = torch.rand(2, 3, 64, 64)
    _, up, *_ = tta.shift(image)
    assert torch.equal(up[:, :, :-4], image[:, :, 4:])


def test_flip_shift_mirrors_each_shifted_image():
    views = list(tta.flip_shift(IMAGE))
    assert len(views) == 10 and all(torch.equal(views[i].flip(3), views[i + 1]) for i in range(0, 10, 2))
    assert [name for name, option in tta.OPTIONS.items() if torch.equal(next(option(IMAGE)), IMAGE)] == [*tta.OPTIONS]
