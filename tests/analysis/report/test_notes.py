"""What a report notes of a study, and what it does not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import collect
from ablate.analysis.analyze import analyze
from ablate.analysis.effects import effects as compare
from ablate.analysis.report import notes, verdict_sentences
from ablate.analysis.sources.any_source import Asked, of_frame

FACTORS = {"model": ["a", "b", "c"]}


def test_notes_name_mixed_code_lost_pairs_and_lost_curves(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: "failed"}, "model=b": {0: 0.5, 1: 0.7, 2: 0.6}, "model=f": {7: 0.5}}
    study = make_study(results, FACTORS, code=lambda variant, seed: "abc" if seed else "xyz")
    (study / "model=b" / "seed=1" / "metrics.csv").unlink()
    code, one, other, curves = notes.notes(analyze(study))
    assert "different versions of the code: xyz (2 runs), abc (4 runs)" in code
    assert one.startswith("model=b: 1 run without a baseline run of the same seed") and "left out" in one
    assert other.startswith("model=f: 1 run without") and "Welch's t" in other
    assert curves.startswith("1 completed run without a complete metrics.csv")


def test_unpaired_seeds_are_named_in_any_metric():
    """A has the baseline's seeds and one more, B none of them."""
    seeds = {"base": [0, 1, 2], "A": [0, 1, 2, 3], "B": [10, 11, 12]}
    rows = [{"net": net, "seed": seed, "score": 0.1 * seed + seed**2} for net in seeds for seed in seeds[net]]
    results = of_frame(pd.DataFrame(rows), Asked("score", "seed", ["net"]), Path("table"))
    one, other = (note for note in notes.notes(results) if "without a baseline run" in note)
    assert one.startswith("net=A: 1 run without") and "left out" in one
    assert other.startswith("net=B: 3 runs without") and "Welch's t" in other


def test_a_plain_study_needs_no_notes(make_study):
    assert notes.notes(analyze(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.5}}, FACTORS))) == []


def test_without_a_baseline_run_it_is_stated_once(make_study):
    texts = notes.notes(analyze(make_study({"baseline": {0: "failed"}, "model=b": {0: 0.6}}, FACTORS)))
    assert texts == ["The baseline has no completed run: nothing can be compared."]
    texts = notes.notes(analyze(make_study({"model=b": {0: 0.5, 1: 0.6}}, FACTORS, name="none")))
    assert "nothing can be compared" in texts[0]


def test_equal_differences_are_named(make_study):
    study = make_study(
        {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}, "model=c": {0: 0.6, 1: 0.9}}, FACTORS
    )
    runs = collect.collect(study)
    assert "Not testable, as all differences are equal: model=b." in verdict_sentences.verdicts(compare(runs), runs)


def test_why_a_clear_difference_is_inconclusive(make_study):
    better = {seed: 0.72 + 0.0015 * seed for seed in range(5)} | {5: "diverged"}
    results = {"baseline": {seed: 0.70 + 0.001 * seed for seed in range(6)}, "model=b": better}
    texts = notes.notes(analyze(make_study(results, FACTORS, classes=10)))
    (why,) = [note for note in texts if "inconclusive" in note]
    assert why == (
        "model=b is inconclusive, as the verdict depends on diverged runs: better over the 5 seeds where both converged"
        " (+2.1 points, Holm p < 0.001), inconclusive with diverged runs scored at chance (−8.3 points)."
    )
    texts = notes.notes(analyze(make_study(results, FACTORS, name="old")))
    assert any("is unknown. Comparisons with such runs claim no difference" in note for note in texts)


def test_a_row_whose_means_do_not_give_the_difference_is_explained(make_study):
    """Over seeds 0 and 1 the baseline's mean is 60.5, over all three 61.33."""
    results = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.5, 1: 0.52, 2: None}}
    (note,) = notes.notes(analyze(make_study(results, FACTORS)))
    assert (
        note
        == "model=b: compared over 2 of the baseline's seeds; on these the baseline's mean is 60.50\N{NO-BREAK SPACE}%."
    )


def test_variants_that_are_not_listed_are_counted(make_study):
    """Ten variants lack a seed: eight are listed."""
    lacking = {f"model={letter}": {0: 0.5, 1: 0.52, 2: None} for letter in "bcdefghijk"}
    factors = {"model": list("abcdefghijk")}
    texts = notes.notes(analyze(make_study({"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, **lacking}, factors)))
    assert sum("compared over 2 of the baseline's seeds" in text for text in texts) == 8
    assert "2 further variants are compared over fewer seeds, too." in texts


def test_a_training_curve_of_another_function_is_named(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.6}}, {})
    path = study / "baseline/seed=1/metrics.csv"
    path.write_text("\n".join(line.rpartition(",")[0] for line in path.read_text().splitlines()) + "\n")
    (note,) = notes.notes(analyze(study))
    assert note.startswith("1 run is from an earlier version. Its training curve shows the training loss")


@pytest.mark.parametrize(
    ("metric", "below"),
    [
        ("val_accuracy", "(always predict 0, 75.0 % validation accuracy): baseline."),
        ("val_macro_f1", "(always predict 0, 42.9 % validation macro-F1): baseline."),
    ],
)
def test_variants_not_above_the_majority_class_baseline_are_named(make_study, metric, below):
    study = make_study({"baseline": {0: 0.75}, "model=b": {0: 1.0}}, FACTORS)
    plan = json.loads((study / "study.json").read_text())
    (study / "study.json").write_text(json.dumps({**plan, "metric": {"name": metric}}))
    for variant, predicted in (("baseline", [0, 0, 0, 0]), ("model=b", [0, 0, 0, 1])):
        path = study / variant / "seed=0/val_predictions.npz"
        np.savez(path, label=np.array([0, 0, 0, 1]), logits=np.eye(2)[predicted])
    texts = notes.notes(analyze(study))
    assert [text for text in texts if "majority" in text] == [f"Not above the majority-class baseline {below}"]
