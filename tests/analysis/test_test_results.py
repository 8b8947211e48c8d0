"""What is shown of a tested run: words and figures, from a test.json written by hand."""

from pathlib import Path

import numpy as np
import pytest

from ablate.analysis import figures, test_results
from ablate.study.selection import Choice
from tests.runs.test_test_log import RESULT

WHOLE = {"schema": 1, "uses": 2, **RESULT}
MARK = {"rubric": "course", "mark": 70, "band": "60 to 65 %", "interval_bands": ["60 to 65 %", "60 to 65 %"]}


def test_the_lines_of_a_run():
    first, calibration, a, b, used = test_results.lines(Path("run"), WHOLE)
    assert first == "run: test accuracy 75.0 % of 4 images (95 % interval 30.0 to 95.0 %)"
    assert calibration == "  Expected calibration error 10.0 points; loss 0.500"
    assert a == "  a  100.0 % (34.0 to 100.0 %)"
    assert b == "  b   50.0 % (10.0 to 90.0 %)  most often taken for a (1)"
    assert used == "  The test set has been used twice on this run."


def test_a_mark_and_whether_the_interval_stays_in_its_band():
    inside = test_results.mark({**MARK, "interval_marks": [70, 70]})
    assert inside == "Mark by the rubric course: 70 % (60 to 65 %); the whole interval lies in this band."
    across = test_results.mark({**MARK, "interval_marks": [60, 80], "interval_bands": ["50 to 60 %", "65 to 70 %"]})
    assert "spans bands, from 60 % (50 to 60 %) to 80 % (65 to 70 %)" in across


def choice(runs, chosen="model=b"):
    folders = {variant: {seed: Path("s", variant, str(seed)) for seed in seeds} for variant, seeds in runs.items()}
    results = {folders[v][seed]: {"accuracy": a} for v, seeds in runs.items() for seed, a in seeds.items()}
    validation = {folder: result["accuracy"] for folder, result in results.items()}
    return Choice(Path("s"), chosen, folders, validation, 2), results


def test_a_choice_beside_its_baseline():
    """Differences 10, 20 and 30 points: mean 20, t = 20 / (10 / sqrt 3) = 3.46, p = .074 with 2 degrees of freedom."""
    runs = {"model=b": {0: 0.5, 1: 0.6, 2: 0.7, 3: 0.1}, "baseline": {0: 0.4, 1: 0.4, 2: 0.4}}
    head, own, base, difference = test_results.summary(*choice(runs))
    assert head.startswith(
        "s: model=b has the highest mean validation accuracy of 2 variants; of its runs model=b/2 has"
    )
    assert own.startswith("  model=b: test accuracy 47.5 ± 26.3 %") and "over 4 seeds" in own
    assert base.startswith("  baseline: test accuracy 40.0 ± 0.0 %")
    assert difference == ("  Difference +20.0 points, paired by 3 seeds: 95 % CI −4.8 to +44.8, p 0.074 (Student's t)")


@pytest.mark.parametrize(
    ("runs", "chosen", "said"),
    [
        ({"model=b": {0: 0.5}, "baseline": {0: 0.4}}, "model=b", "needs two seeds"),
        ({"model=b": {0: 0.5, 1: 0.6}}, "model=b", "no completed run to compare"),
        ({"baseline": {0: 0.5}}, "baseline", "No variant has a higher"),
    ],
)
def test_a_choice_with_nothing_to_compare(runs, chosen, said):
    assert said in test_results.summary(*choice(runs, chosen))[-1]


def test_mistakes_are_drawn_only_with_their_own_images(tmp_path):
    assert set(test_results.figures(tmp_path, WHOLE)) == {"confusion", "calibration"}
    for index, images, drawn in (
        ([3], np.ones((1, 3, 4, 4), np.uint8), True),
        ([2], np.ones((1, 3, 4, 4), np.uint8), False),
        ([3], np.ones((1, 2, 4, 4), np.uint8), False),
        ([3], np.ones((1, 3, 4, 4)), False),
    ):
        np.savez(tmp_path / "test_mistakes.npz", images=images, index=index)
        assert ("mistakes" in test_results.figures(tmp_path, WHOLE)) == drawn


def test_the_grid_shows_the_pixels_and_says_what_they_were_taken_for():
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), dtype=np.uint8)
    found = [{"label": 0, "predicted": 1, "confidence": 0.9 - place / 10} for place in range(7)]
    axes = figures.mistakes(images, found, ["$x$", r"$\frac"]).axes
    assert len(axes) == 10
    for axis, image in zip(axes[:7], images, strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), image.transpose(1, 2, 0))
    assert axes[1].get_title() == "$x$" and axes[1].texts[0].get_text() == r"for $\frac, 80.0 %"
    assert not axes[7].images
    figures.mistakes(images[:0], [], ["a", "b"]).draw_without_rendering()


def test_calibration_is_drawn_by_bins():
    """Two bins of a half: the second has 4 images, 3 of them right, of confidences that sum to 3.6."""
    above, below = figures.calibration([[0, 0, 0], [4, 3.6, 3]], 0.15).axes
    (bar,) = above.patches
    assert (bar.get_x(), bar.get_width(), bar.get_height()) == (0.5, 0.5, 0.75)
    assert above.lines[0].get_xydata().tolist() == [[0.9, 0.75]]
    assert [bar.get_height() for bar in below.patches] == [4]


def test_names_of_classes_are_no_formulas():
    figure = figures.confusion([r"$\frac$", "$x$"], {"a": np.eye(2)})
    assert set(figures.rendered(figure)) == {"pdf", "png", "svg"}
