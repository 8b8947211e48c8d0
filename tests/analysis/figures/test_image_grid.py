"""Rows of images."""

import numpy as np

from ablate.analysis import figures


def test_samples_show_the_pixels_unchanged():
    images = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 4), dtype=np.uint8)
    (axis,) = figures.samples({"a": images}).axes
    for shown, image in zip(axis.images, images[:8], strict=True):
        np.testing.assert_array_equal(shown.get_array(), image.transpose(1, 2, 0))


def test_samples_are_next_to_their_labels_and_below_their_titles():
    images = np.zeros((2, 1, 4, 4), np.uint8)
    figure = figures.samples({"$a$": images, "a label longer than one line": images}, {"$a$": ["dog\n$1", "c" * 30]})
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["dog\n$1", "c" * 14 + "…"]
    for text, shown in zip(axis.texts, axis.images, strict=False):
        box, image = text.get_window_extent(), shown.get_window_extent()
        assert image.y1 <= box.y0 and image.x0 < (box.x0 + box.x1) / 2 < image.x1
    for label, shown in zip(axis.get_yticklabels(), axis.images[::2], strict=True):
        box, image = label.get_window_extent(), shown.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= image.x0 and image.y0 < (box.y0 + box.y1) / 2 < image.y1
