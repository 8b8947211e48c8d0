"""Correct predictions per class and seed, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import collect, figures, image_correctness
from ablate.analysis.analyze import analyze
from ablate.analysis.report.write import report
from ablate.study.selection import choose

FACTORS = {"model": ["a", "b"]}
LABELS = np.array([0, 0, 1, 1])
# (variant, seed) -> predicted class of each of the four images.
PREDICTED = {
    ("baseline", 0): [0, 1, 1, 1],
    ("baseline", 1): [0, 0, 1, 0],
    ("model=b", 0): [0, 0, 1, 1],
    ("model=b", 1): [1, 0, 1, 1],
}


@pytest.fixture
def study(make_study):
    folder = make_study({"baseline": {0: 0.5, 1: 0.5}, "model=b": {0: 0.6, 1: 0.7}}, FACTORS)
    for (variant, seed), predicted in PREDICTED.items():
        logits = np.eye(2, dtype=np.float16)[predicted]
        np.savez(folder / variant / f"seed={seed}" / "val_predictions.npz", label=LABELS, logits=logits, index=LABELS)
    return folder


def test_class_accuracy_and_confusion_matrix(study):
    predictions = image_correctness.load(study, collect.collect(study))
    assert predictions.classes == ("0", "1") and set(predictions.predicted) == set(PREDICTED)
    assert predictions.class_accuracy("baseline").tolist() == [[0.5, 1.0], [1.0, 0.5]]
    assert predictions.confusion("baseline").tolist() == [[0.75, 0.25], [0.25, 0.75]]
    table = image_correctness.class_differences(predictions, ["model=b"])
    expected = pd.DataFrame([[75.0, 75.0], [0.0, 25.0]], ["baseline", "model=b"], ["0", "1"])
    pd.testing.assert_frame_equal(table, expected)


def test_interval_over_seeds_and_images(study):
    interval = image_correctness.crossed(image_correctness.load(study, collect.collect(study)), "model=b")
    assert interval.mean == pytest.approx(0.125) and interval.low < 0.125 < interval.high


def test_the_report_includes_classes_and_images(study):
    assert report(study) == 0
    table = pd.read_csv(study / "report" / "tables" / "images.csv")
    assert table.iloc[0, 0] == "model=b" and table.iloc[0, 2].startswith("+12.50 [")
    classes = pd.read_csv(study / "report" / "tables" / "classes.csv", dtype=str)
    assert classes.values.tolist() == [["baseline (%)", "75.0", "75.0"], ["model=b (points)", "+0.0", "+25.0"]]
    assert "Validation images of each class: 0: 2, 1: 2." in (study / "report" / "report.html").read_text()
    for name in ("confusion", "class_difference"):
        assert (study / "report" / "figures" / f"{name}.pdf").stat().st_size > 1000


@pytest.mark.filterwarnings("error")
def test_a_class_without_images_has_no_accuracy(study):
    for variant, seed in PREDICTED:
        path = study / variant / f"seed={seed}" / "val_predictions.npz"
        logits = np.eye(3)[PREDICTED[variant, seed]]
        np.savez(path, label=LABELS, logits=logits, index=LABELS)
    results = analyze(study)
    assert results.classes["2"].isna().all() and results.classes["1"].tolist() == [75, 25]
    axis = figures.class_difference(results.classes, "model=b", "b").axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["0", "1"]


def test_only_the_images_that_did_not_select_the_epoch_are_read(study):
    for (variant, seed), predicted in PREDICTED.items():
        half = np.array([True, False, True, False])
        path = study / variant / f"seed={seed}" / "val_predictions.npz"
        np.savez(path, label=LABELS, logits=np.eye(2)[predicted], index=LABELS, reporting=half)
    predictions = image_correctness.load(study, collect.collect(study))
    assert predictions.labels.tolist() == [0, 1] and analyze(study).images == 2
    assert {key: list(classes) for key, classes in predictions.predicted.items()} == {
        key: predicted[::2] for key, predicted in PREDICTED.items()
    }
    np.savez(path, label=LABELS, logits=np.eye(2)[predicted], reporting=np.zeros(4))  # no mask
    assert len(image_correctness.load(study, collect.collect(study)).predicted) == 3


@pytest.mark.parametrize("content", [b"", b"PK damaged", None])
def test_damaged_files_and_runs_on_other_images_are_skipped(study, content):
    first, second = study / "baseline/seed=0/val_predictions.npz", study / "model=b/seed=0/val_predictions.npz"
    first.unlink() if content is None else first.write_bytes(content)
    np.savez(second, label=1 - LABELS, logits=np.eye(2)[LABELS])
    assert set(image_correctness.load(study, collect.collect(study)).predicted) == {("baseline", 1), ("model=b", 1)}


def test_a_study_without_predictions_gives_none(make_study):
    study = make_study({"baseline": {0: 0.5}}, FACTORS)
    assert image_correctness.load(study, collect.collect(study)) is None


def test_an_interval_over_other_seeds_than_the_comparison_is_not_printed(study):
    """Without the predictions of one of the two seeds there is none; with both it is never the narrower one."""
    results = analyze(study)
    both, seeds = results.crossed["model=b"], results.effects.iloc[1]
    assert 100 * (both.high - both.low) >= seeds["ci_high"] - seeds["ci_low"] or np.isnan(seeds["ci_low"])
    (study / "model=b/seed=0/val_predictions.npz").unlink()
    assert analyze(study).crossed == {}


def test_the_chosen_variant_is_that_of_the_test(study, make_study):
    """One rule: the highest mean of those that lost no run, the baseline included; of equals, the first."""
    assert analyze(study).chosen == choose(study).chosen == "model=b"
    for name, results, chosen in (
        ("base", {"baseline": {0: 0.9}, "model=b": {0: 0.9}}, "baseline"),
        ("lost", {"baseline": {0: 0.5, 1: 0.5}, "model=b": {0: 0.9, 1: "diverged"}}, "baseline"),
        ("none", {"baseline": {0: 0.5, 1: "diverged"}}, None),
    ):
        other = make_study(results, FACTORS, name=name)
        assert analyze(other).chosen == chosen
        if chosen:
            assert choose(other).chosen == chosen


def test_the_baseline_is_not_compared_with_itself(study):
    path = study / "model=b/seed=0/run.json"
    path.write_text(path.read_text().replace('"val_accuracy": 0.6', '"val_accuracy": 0.1'))
    drawn = figures.every(analyze(study))
    assert "class_difference" not in drawn and "confusion" in drawn
