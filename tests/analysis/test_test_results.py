"""Text and figures of a tested run, from a handwritten test.json."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ablate.analysis import figures, test_results
from ablate.runs.metric import ACCURACY, named
from ablate.runs.test_result import Mark, Mistake
from ablate.study.selection import Choice
from tests.runs.test_test_log import result

COMPLETE = result(uses=2)
MARK = {"rubric": "course", "mark": 70, "band": "60 to 65 %", "interval_bands": ("60 to 65 %", "60 to 65 %")}


def test_the_lines_of_a_run():
    first, calibration, classes, a, b, used = test_results.lines(Path("run"), COMPLETE)
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
    inside = test_results.mark(Mark(**MARK, interval_marks=(70, 70)))
    assert inside == "Mark under the rubric course: 70 % (60 to 65 %); the whole interval lies in this band."
    across = test_results.mark(
        Mark(**{**MARK, "interval_marks": (60, 80), "interval_bands": ("50 to 60 %", "65 to 70 %")})
    )
    assert "spans several bands, from 60 % (50 to 60 %) to 80 % (65 to 70 %)" in across


def choice(runs, chosen="model=b"):
    folders = {variant: {seed: Path("s", variant, str(seed)) for seed in seeds} for variant, seeds in runs.items()}
    results = {folders[v][seed]: result(accuracy=a) for v, seeds in runs.items() for seed, a in seeds.items()}
    validation = {folder: tested.accuracy for folder, tested in results.items()}
    return Choice(Path("s"), chosen, folders, ACCURACY, validation, 2), results


def test_the_best_variant_is_compared_with_the_baseline():
    """Differences 10, 20 and 30 points: mean 20, t = 20 / (10 / sqrt 3) = 3.46, p = .074 with 2 degrees of freedom."""
    runs = {"model=b": {0: 0.5, 1: 0.6, 2: 0.7, 3: 0.1}, "baseline": {0: 0.4, 1: 0.4, 2: 0.4}}
    head, best, base, difference = test_results.summary(*choice(runs))
    assert head == "s: model=b has the highest mean validation accuracy of 2 variants; its best run is model=b/2."
    assert best.startswith("  model=b: test accuracy 47.5 ± 26.3 %") and "over 4 seeds" in best
    assert base.startswith("  baseline: test accuracy 40.0 ± 0.0 %")
    assert difference == ("  Difference +20.0 points, paired by 3 seeds: 95 % CI −4.8 to +44.8, p 0.074 (Student's t)")


@pytest.mark.parametrize(
    ("runs", "chosen", "message"),
    [
        ({"model=b": {0: 0.5}, "baseline": {0: 0.4}}, "model=b", "not testable: fewer than two shared seeds"),
        ({"model=b": {0: 0.5, 1: 0.6}}, "model=b", "no completed run to compare"),
        ({"baseline": {0: 0.5}}, "baseline", "No variant has a higher"),
    ],
)
def test_a_best_variant_that_cannot_be_compared(runs, chosen, message):
    assert message in test_results.summary(*choice(runs, chosen))[-1]


def test_a_study_in_a_loss_is_selected_by_its_lowest_mean():
    runs = {"model=b": {0: 0.5, 1: 0.7}, "baseline": {0: 0.4, 1: 0.4}}
    of_accuracy, results = choice(runs)
    losses = {folder: 0.25 + 0.02 * place for place, folder in enumerate(of_accuracy.validation)}
    of_loss = replace(of_accuracy, metric=named("val_loss"), validation=losses)
    head, best, *_ = test_results.summary(of_loss, results)
    assert head == "s: model=b has the lowest mean validation loss of 2 variants; its best run is model=b/0."
    assert best.startswith(
        "  model=b: test accuracy 60.0 ± 14.1 %, test loss 0.500 ± 0, validation loss 0.260 ± 0.014 (mean"
    )
    assert test_results.summary(replace(of_loss, chosen="baseline"), results)[-1].endswith(
        "No variant has a lower validation loss than the baseline."
    )


def test_a_study_in_macro_f1_is_tested_in_it_too():
    of_accuracy, results = choice({"model=b": {0: 0.75}, "baseline": {0: 0.75}})
    of_f1 = replace(of_accuracy, metric=named("val_macro_f1"))
    best = test_results.summary(of_f1, results)[1]
    assert best == "  model=b: test accuracy 75.0 %, test macro-F1 73.3 %, validation macro-F1 75.0 % (1 seed)"


@pytest.mark.parametrize(
    ("metric", "key", "text"),
    [
        (
            "val_macro_f1",
            "metrics",
            "  Difference in test macro-F1 +2.0 points, paired by 3 seeds: 95 % CI −0.5 to +4.5, p",
        ),
        ("val_auroc", "metrics", "  Difference in test AUROC +2.0 points, paired by 3 seeds: 95 % CI −0.5 to +4.5, p"),
        ("val_loss", "loss", "  Difference in test loss +0.020, paired by 3 seeds: 95 % CI −0.005 to +0.045, p"),
        ("train_accuracy", "loss", "  Difference not testable"),  # no test has it: accuracies, which are equal here
    ],
)
def test_the_difference_is_in_the_metric_of_the_study(metric, key, text):
    """By 0.01, 0.02 and 0.03 on three seeds: 0.02 ± t(0.975, 2) 0.01 / √3 = 0.02 ± 0.0248."""
    values = {"model=b": [0.51, 0.62, 0.73], "baseline": [0.5, 0.6, 0.7]}
    of_accuracy, results = choice({name: dict.fromkeys(range(3), 0.75) for name in values})
    for name, of_seeds in values.items():
        for seed, value in enumerate(of_seeds):
            content = {"metrics": {metric: value}} if key == "metrics" else {key: value}
            results[Path("s", name, str(seed))] = result(accuracy=0.75, **content)
    assert test_results.summary(replace(of_accuracy, metric=named(metric)), results)[-1].startswith(text)


def test_misclassified_images_are_drawn_only_if_they_belong_to_the_result(tmp_path):
    assert set(test_results.figures(tmp_path, COMPLETE)) == {"confusion", "calibration"}
    for index, images, drawn in (
        ([3], np.ones((1, 3, 4, 4), np.uint8), True),
        ([2], np.ones((1, 3, 4, 4), np.uint8), False),
        ([3], np.ones((1, 2, 4, 4), np.uint8), False),
        ([3], np.ones((1, 3, 4, 4)), False),
    ):
        np.savez(tmp_path / "test_mistakes.npz", images=images, index=index)
        assert ("mistakes" in test_results.figures(tmp_path, COMPLETE)) == drawn


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
