"""What is stated of a study, and what is not."""

import json

import msgspec
import numpy as np
from omegaconf import OmegaConf

from ablate.analysis import collect
from ablate.analysis.effects import effects as compare
from ablate.analysis.report import limits, methods, notes, verdict_sentences
from ablate.analysis.results import analyse
from ablate.runs.study_plan import StudyPlan

FACTORS = {"model": ["a", "b", "c"]}


def plan(factors: dict[str, list[str]], design: str = "factorial") -> StudyPlan:
    """A plan of one run."""
    run = {"variant": "baseline", "factors": {}, "seed": 0, "folder": "baseline", "config_sha256": ""}
    content = {"name": "s", "design": design, "baseline": {}, "factors": factors, "seeds": [0], "command": ""}
    return msgspec.convert({**content, "runs": [run]}, StudyPlan)


def test_the_question_is_of_the_factors_that_vary():
    factors = {"model": ["a", "b"], "norm": ["x"], "seed_of_split": ["0", "1"]}
    assert methods.question(plan(factors)) == "Which of model and seed_of_split affect validation accuracy?"
    assert methods.question(plan(FACTORS)) == "Does model affect validation accuracy?"


def test_notes_name_mixed_code_lost_pairs_and_lost_curves(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: "failed"}, "model=b": {0: 0.5, 1: 0.7, 2: 0.6}, "model=f": {7: 0.5}}
    study = make_study(results, FACTORS, code=lambda variant, seed: "abc" if seed else "xyz")
    (study / "model=b" / "seed=1" / "metrics.csv").unlink()
    code, one, other, curves = notes.notes(analyse(study))
    assert "different versions of the code: xyz (2 runs), abc (4 runs)" in code
    assert one.startswith("model=b: 1 run without a baseline run of the same seed") and "left out" in one
    assert other.startswith("model=f: 1 run without") and "Welch's t" in other
    assert curves.startswith("1 completed run without a complete metrics.csv")


def test_a_plain_study_needs_no_notes(make_study):
    assert notes.notes(analyse(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.5}}, FACTORS))) == []


def test_what_a_study_of_this_size_cannot_show(make_study):
    """Differences 10, 0, 0 and 20, 0, 0: SDs 5.77 and 11.55, median 8.66. The correlations are numpy's."""
    rows = {"baseline": (0.5, 0.6, 0.7), "model=b": (0.6, 0.6, 0.7), "model=c": (0.7, 0.6, 0.7)}
    study = make_study({name: dict(enumerate(values)) for name, values in rows.items()}, FACTORS)
    power, best = limits.limits(analyse(study))
    assert "With 3 seeds and Holm's correction over 2 planned variants, the study has 80 % power" in power
    # In a million simulated studies, 4.62 at alpha .025 has 80 % power (stats/test_power.py).
    assert "40.1 points: 4.62 standard deviations of the paired differences (d_z) at their median, 8.66 points" in power
    covariance = np.cov([*rows.values()])
    rho = (covariance.sum() - np.trace(covariance)) / 2 / np.trace(covariance)
    assert f"(rho {rho:.2f})" in best and f"{0.8463 * np.sqrt(1 - rho):.2f} standard errors too high" in best
    one = analyse(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name="one"))
    assert limits.limits(one) == ["With one seed nothing can be tested: the study is descriptive."]


def test_variants_that_were_planned_but_lost_count_in_the_family(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: 0.7}, "model=b": {0: 0.5, 1: 0.61, 2: 0.73}, "model=c": {0: None}}
    assert "over 2 planned variants" in limits.limits(analyse(make_study(results, FACTORS)))[0]


def test_interactions_that_were_not_tested_are_named(make_study):
    two = {"model": ["a", "b"], "norm": ["x", "y"]}
    results = {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}, "norm=y": {0: 0.6, 1: 0.65}}
    apart = analyse(make_study(results, two))
    assert "Interactions are not estimable" in " ".join(limits.limits(apart))
    results["model=b+norm=y"] = {0: 0.7, 1: 0.75}
    together = analyse(make_study(results, two, name="together"))
    assert "Interactions are not estimable" not in " ".join(limits.limits(together))


def test_without_a_baseline_run_it_is_stated_once(make_study):
    texts = notes.notes(analyse(make_study({"baseline": {0: "failed"}, "model=b": {0: 0.6}}, FACTORS)))
    assert texts == ["The baseline has no completed run: nothing can be compared."]
    texts = notes.notes(analyse(make_study({"model=b": {0: 0.5, 1: 0.6}}, FACTORS, name="none")))
    assert "nothing can be compared" in texts[0]


def test_a_change_is_named_as_in_the_configuration(make_study):
    result = [methods._change(*change) for change in (
        ("normalization._target_", "ablate.normalization.none", "ablate.normalization.batch"),
        ("model.hidden", "—", "[128, 256]"), ("optimizer.momentum", "0.9", "—"), ("optimizer.lr", "0.1", "0.01"),
    )]  # fmt: skip
    assert result == ["normalization batch, not none", "model.hidden [128, 256]", "no optimizer.momentum",
                     "optimizer.lr 0.01, not 0.1"]  # fmt: skip


def test_equal_differences_are_named(make_study):
    study = make_study(
        {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}, "model=c": {0: 0.6, 1: 0.9}}, FACTORS
    )
    assert notes.notes(analyse(study)) == ["Not testable, as all differences are equal: model=b."]


def test_methods_count_diverged_runs_as_results_and_holes_as_holes(make_study):
    results = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.6, 1: "diverged", 2: None}}
    first, *_, last, _ = methods.methods(analyse(make_study(results, FACTORS, margin=1.0)))
    assert "Results: 4 completed, 1 diverged. 1 without a result (not run, crashed or interrupted)." in first
    assert "(Holm) for the 1 planned variant, claims of equivalence" in last and "margin ±1 points" in last


def test_methods_state_the_number_of_images_and_the_step(make_study):
    study = make_study({"baseline": {0: 0.5}}, {})
    np.savez(study / "baseline/seed=0/val_predictions.npz", label=[0, 1] * 180, logits=np.eye(2)[[0, 0] * 180])
    assert (
        "360 validation images: one run's accuracy changes in steps of 0.28 points."
        in methods.methods(analyse(study))[-1]
    )


def test_why_a_clear_difference_is_inconclusive(make_study):
    better = {seed: 0.72 + 0.0015 * seed for seed in range(5)} | {5: "diverged"}
    results = {"baseline": {seed: 0.70 + 0.001 * seed for seed in range(6)}, "model=b": better}
    texts = notes.notes(analyse(make_study(results, FACTORS, classes=10)))
    (why,) = [note for note in texts if "inconclusive" in note]
    assert why == (
        "model=b is inconclusive, as the verdict depends on diverged runs: better over the 5 seeds where both converged"
        " (+2.1 points, Holm p < 0.001), inconclusive with diverged runs scored at chance (−8.3 points)."
    )
    texts = notes.notes(analyse(make_study(results, FACTORS, name="old")))
    assert any("do not state the number of classes" in note for note in texts)


def test_a_row_whose_means_do_not_give_the_difference_is_explained(make_study):
    """Over seeds 0 and 1 the baseline's mean is 60.5, over all three 61.33."""
    results = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.5, 1: 0.52, 2: None}}
    (note,) = notes.notes(analyse(make_study(results, FACTORS)))
    assert note == "model=b: compared over 2 of the baseline's seeds; on these the baseline's mean is 60.50 %."


def test_each_verdict_has_its_numbers(make_study):
    """b: differences 0 and .1 points; t = (.05 - 1) / (.0548 / sqrt 6) = -42.5: equivalent, and p = .076 of 0."""
    base = dict.fromkeys(range(6), 0.9)
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    above = {seed: 0.905 + 0.001 * (seed % 2) for seed in range(6)}
    lost = dict.fromkeys(range(6), "diverged")
    factors = {"model": ["a", "b", "c", "d", "e"]}
    study = make_study(
        {"baseline": base, "model=b": near, "model=c": above, "model=d": lost, "model=e": {0: 0.9}}, factors
    )
    runs = collect.collect(study)
    within, same, diverges, untested = verdict_sentences.verdicts(compare(runs, margin=1.0), runs)
    assert same.startswith("Equivalent to the baseline: model=b (+0.1 points, n = 6, 90 % CI +0.0 to +0.1, Holm p of")
    assert within.startswith("Better than the baseline, by less than the margin: model=c (+0.6 points, 95 % CI +0.5 to")
    assert "; 90 % CI +0.5 to +0.6, Holm p of equivalence < 0.001" in within
    assert diverges == (  # 2 / C(12, 6); for the other variants, only e could be as extreme, with 1 of 7: it cannot
        "Diverges, or ends at chance, more often than the baseline: model=d (6 of 6 runs against 0 of 6, Holm p of"
        " Fisher's exact test 0.002)."
    )
    assert untested == "Not testable (fewer than two shared seeds, or all differences equal): model=e."


def test_a_hyphen_of_a_name_is_no_minus(make_study):
    levels = {"lr": ["1e-1", "1e-3"]}
    study = make_study({"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "lr=1e-3": {0: 0.4, 1: 0.42, 2: 0.42}}, levels)
    runs = collect.collect(study)
    assert "lr=1e-3 (−20.0 points" in verdict_sentences.verdicts(compare(runs), runs)[0]


IMAGES = {"training": 1200, "validation": 360, "selection": 0, "evaluation": 360}
HALVES = IMAGES | {"selection": 180, "evaluation": 180}
INPUTS = {"channels": 3, "image_size": 32, "mean": [0.5] * 3, "std": [0.5] * 3}


def test_methods_state_the_data(make_study):
    record = {"images": IMAGES, "inputs": INPUTS, "selection": "last"}
    study = make_study({"baseline": {0: 0.5}}, {}, classes=10, record=record)
    text = "Data: 1,200 training and 360 validation images, 10 classes, 32 × 32 pixels, 3 channels."
    assert text in methods.methods(analyse(study))
    (study / "baseline/seed=0/.hydra").mkdir()
    config = {"data": {"_target_": "d.digits", "val_fraction": 0.2, "split_seed": 3, "train_limit": 1200}}
    OmegaConf.save(OmegaConf.create(config), study / "baseline/seed=0/.hydra/config.yaml")
    expected = "Data: digits, 1,200 training and 360 validation images, 10 classes, 32 × 32 pixels, 3 channels; 20 % of"
    assert any(one.startswith(expected) for one in methods.methods(analyse(study)))
    assert "limited to 1,200 of the others" in " ".join(methods.methods(analyse(study)))


def test_methods_state_the_epoch_and_the_images(make_study):
    def stated(name, **record) -> str:
        study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name=name, record=record)
        return methods.methods(analyse(study))[-1]

    assert stated("last", selection="last", images=IMAGES) == (
        "Tables and figures are of the last epoch and 360 validation images: one run's accuracy changes in steps of"
        " 0.28 points."
    )
    halves = stated("half", selection="best_val", images=HALVES)
    assert "highest accuracy on 180 of the 360 validation images." in halves
    assert "on the other 180 validation images: one run's accuracy changes in steps of 0.56 points." in halves
    assert "it is too high" in stated("old", selection="best_val")
    assert stated("unknown") == "Tables and figures are of validation images."


def test_runs_whose_accuracy_is_of_other_images_are_named(make_study):
    study = make_study(
        {"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, record={"selection": "last", "images": IMAGES}
    )
    path = study / "model=b/seed=0/run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"selection": "best_val", "images": HALVES}))
    text = methods.methods(analyse(study))[-1]
    assert text.startswith("The accuracies of the runs are computed on different images or epochs. 1 run: Tables and")
    assert "1 run: The epoch of each run is the one with the highest accuracy on 180" in text


def test_a_margin_that_was_changed_after_a_result_is_stated(make_study):
    change = {"time": "2026-01-02T03:04:05+00:00", "before": 1.0, "after": 4.0, "results": 10}
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, margin=4.0, margin_changes=[change])
    assert "changed from ±1 points to ±4 points on 2026-01-02, after 10 results" in methods.methods(analyse(study))[-2]


def test_a_training_curve_of_another_function_is_named(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.6}}, {})
    path = study / "baseline/seed=1/metrics.csv"
    path.write_text("\n".join(line.rpartition(",")[0] for line in path.read_text().splitlines()) + "\n")
    (note,) = notes.notes(analyse(study))
    assert note.startswith("1 run of an earlier version: the training curve is the loss that training minimized")
