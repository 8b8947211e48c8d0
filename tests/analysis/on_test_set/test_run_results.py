"""Text and figures of a tested run, from a handwritten test.json."""

from pathlib import Path

import numpy as np

from ablate.analysis import figures
from ablate.analysis.on_test_set import run_results
from ablate.runs.test_result import Mark, Mistake
from tests.runs.test_test_log import result

COMPLETE = result(uses=2)
MARK = {"rubric": "course", "mark": 70, "band": "60 to 65 %", "interval_bands": ("60 to 65 %", "60 to 65 %")}


def test_the_lines_of_a_run():
    first, calibration, classes, a, b, used = run_results.lines(Path("run"), COMPLETE)
    assert first == "run: test accuracy 75.0 % on 4 images (95 % CI 30.0 to 95.0 %)"
    assert calibration == "  Expected calibration error 10.0 points; loss 0.500"
    # Of 2 and 2 images, 3 are correct: F1 of a is 2 * 2 / (2 + 3), of b 2 * 1 / (2 + 1).
    assert classes == (
        "  Balanced accuracy 75.0 %, macro-F1 73.3 %; majority-class baseline (always predict a): accuracy 50.0 %,"
        " macro-F1 33.3 %"
    )
    assert a == "  a  100.0 % (34.0 to 100.0 %)"
    assert b == "  b   50.0 % (10.0 to 90.0 %)  most often misclassified as a (1)"
    assert used == "  The test set has been used twice on this run."


def test_a_mark_and_whether_the_interval_stays_in_its_band():
    inside = run_results.mark(Mark(**MARK, interval_marks=(70, 70)))
    assert inside == "Mark under the rubric course: 70 % (60 to 65 %); the whole interval lies in this band."
    across = run_results.mark(
        Mark(**{**MARK, "interval_marks": (60, 80), "interval_bands": ("50 to 60 %", "65 to 70 %")})
    )
    assert "spans several bands, from 60 % (50 to 60 %) to 80 % (65 to 70 %)" in across


def test_misclassified_images_are_drawn_only_if_they_belong_to_the_result(tmp_path):
    assert set(run_results.figures(tmp_path, COMPLETE)) == {"confusion", "calibration"}
    for index, images, drawn in (
        ([3], np.ones((1, 3, 4, 4), np.uint8), True),
        ([2], np.ones((1, 3, 4, 4), np.uint8), False),
        ([3], np.ones((1, 2, 4, 4), np.uint8), False),
        ([3], np.ones((1, 3, 4, 4)), False),
    ):
        np.savez(tmp_path / "test_mistakes.npz", images=images, index=index)
        assert ("mistakes" in run_results.figures(tmp_path, COMPLETE)) == drawn


def test_the_grid_shows_each_image_with_its_true_and_predicted_class():
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), dtype=np.uint8)
    errors = [Mistake(index=place, label=0, predicted=1, confidence=0.9 - place / 10) for place in range(7)]
    axes = figures.mistakes(images, errors, ["$x$", r"$\frac"]).axes
    assert len(axes) == 10
    for axis, image in zip(axes[:7], images, strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), image.transpose(1, 2, 0))
    assert axes[1].get_title() == "$x$" and axes[1].texts[0].get_text() == r"→ $\frac, 80.0 %"
    assert not axes[7].images
    figures.mistakes(images[:0], [], ["a", "b"]).draw_without_rendering()


def test_the_reliability_diagram_has_one_bar_per_filled_bin():
    """Of two bins, the second has 4 images, 3 of them correct, with confidences that sum to 3.6."""
    diagram, histogram = figures.calibration([[0, 0, 0], [4, 3.6, 3]], 0.15).axes
    (bar,) = diagram.patches
    assert (bar.get_x(), bar.get_width(), bar.get_height()) == (0.5, 0.5, 0.75)
    assert diagram.lines[0].get_xydata().tolist() == [[0.9, 0.75]]
    assert [bar.get_height() for bar in histogram.patches] == [4]


def test_class_names_are_not_parsed_as_formulas():
    figure = figures.confusion([r"$\frac$", "$x$"], {"a": np.eye(2)})
    assert set(figures.render(figure)) == {"pdf", "png", "svg"}
