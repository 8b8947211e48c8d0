"""Runs that learned nothing."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from ablate.analysis import chance, collect
from ablate.analysis.analyze import analyze
from ablate.analysis.report import incomplete, notes

FACTORS = {"model": ["a", "b"]}
LABELS = np.arange(200) % 10


def predict(folder, variant, seed, predicted):
    logits = np.eye(10, dtype=np.float16)[predicted]
    np.savez(folder / variant / f"seed={seed}" / "val_predictions.npz", label=LABELS, logits=logits, index=LABELS)


def right(count):
    """Predictions of which so many are right, of several classes."""
    return np.where(np.arange(200) < count, LABELS, (LABELS + 1) % 10)


@pytest.mark.parametrize("correct", [0, 12, 20, 33, 34, 35, 36, 60, 200])
def test_chance_is_the_exact_binomial_test_of_scipy(make_study, correct):
    study = make_study({"baseline": {0: correct / 200}}, {}, classes=10)
    predict(study, "baseline", 0, right(correct))
    results = analyze(study)
    p = binomtest(correct, 200, 0.1, alternative="greater").pvalue
    assert results.class_count == 10 and results.images == 200
    assert results.runs["collapsed"].tolist() == [p >= 0.001]


def test_one_class_for_all_images_is_no_learning_though_half_of_them_are_right(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.7}}, {}, classes=2)
    labels = np.arange(200) % 2
    for seed, predicted in ((0, np.zeros(200, int)), (1, np.where(np.arange(200) < 140, labels, 1 - labels))):
        path = study / f"baseline/seed={seed}/val_predictions.npz"
        np.savez(path, label=labels, logits=np.eye(2, dtype=np.float16)[predicted], index=labels)
    assert analyze(study).runs["collapsed"].tolist() == [True, False]


def test_four_images_say_nothing_of_chance(make_study):
    """Even four of four right would not be below .001 for two classes."""
    study = make_study({"baseline": {0: 1.0}}, {}, classes=2)
    np.savez(study / "baseline/seed=0/val_predictions.npz", label=[0, 1, 0, 1], logits=np.eye(2)[[0, 1, 0, 1]])
    assert analyze(study).runs["collapsed"].tolist() == [False]


def test_the_number_of_classes_is_that_of_the_records(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.6}}, {}, classes=7)
    assert chance.class_count(collect.collect(study)) == 7
    path = study / "baseline/seed=1/run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"classes": ["a", "b"]}))
    assert chance.class_count(collect.collect(study)) is None  # they differ
    assert analyze(make_study({"baseline": {0: 0.5}}, {}, name="old")).class_count is None


def test_a_baseline_that_learned_nothing_is_named(make_study):
    results = {"baseline": {0: 0.1, 1: 0.105}, "model=b": {0: 0.8, 1: 0.81}}
    study = make_study(results, FACTORS, classes=10)
    for variant, seeds in results.items():
        for seed, accuracy in seeds.items():
            predict(study, variant, seed, right(round(200 * accuracy)))
    result = analyze(study)
    (note,) = [text for text in notes.notes(result) if "The baseline is not" in text]
    assert note == (
        "The baseline is not distinguishable from chance (10.0 %) with 200 evaluation images, in any of its 2 completed"
        " runs."
    )
    assert incomplete.lost_runs(result.runs) == {"baseline": "2 at chance"}
    assert result.effects["diverged"].tolist() == [2, 0] and result.effects["n"][1] == 2
