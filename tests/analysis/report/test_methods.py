"""What the methods of a report state: question, runs, data, images and epoch."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from ablate.analysis.analyze import analyze
from ablate.analysis.report import limits, methods, notes, verdict_sentences
from ablate.analysis.sources.any_source import Asked, of_frame
from ablate.runs.study_plan import StudyPlan

FACTORS = {"model": ["a", "b", "c"]}
IMAGES = {"training": 1200, "validation": 360, "selection": 0, "evaluation": 360}
HALVES = IMAGES | {"selection": 180, "evaluation": 180}
INPUTS = {"channels": 3, "image_size": 32, "mean": [0.5] * 3, "std": [0.5] * 3}


def plan(factors: dict[str, list[str]], design: str = "factorial") -> StudyPlan:
    """A plan of one run."""
    run = {"variant": "baseline", "factors": {}, "seed": 0, "folder": "baseline", "config_sha256": ""}
    content = {"name": "s", "design": design, "baseline": {}, "factors": factors, "seeds": [0], "command": ""}
    return msgspec.convert({**content, "runs": [run]}, StudyPlan)


def test_the_question_is_of_the_factors_that_vary():
    factors = {"model": ["a", "b"], "norm": ["x"], "seed_of_split": ["0", "1"]}
    assert methods.question(plan(factors)) == "Which of model and seed_of_split affect validation accuracy?"
    assert methods.question(plan(FACTORS)) == "Does model affect validation accuracy?"


def test_a_change_is_named_as_in_the_configuration(make_study):
    result = [methods._change(*change) for change in (
        ("normalization._target_", "ablate.normalization.none", "ablate.normalization.batch"),
        ("model.hidden", "—", "[128, 256]"), ("optimizer.momentum", "0.9", "—"), ("optimizer.lr", "0.1", "0.01"),
    )]  # fmt: skip
    assert result == ["normalization batch, not none", "model.hidden [128, 256]", "no optimizer.momentum",
                     "optimizer.lr 0.01, not 0.1"]  # fmt: skip


def test_methods_count_diverged_runs_as_results_and_holes_as_holes(make_study):
    results = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.6, 1: "diverged", 2: None}}
    first, *_, last, _ = methods.methods(analyze(make_study(results, FACTORS, margin=1.0)))
    assert "Results: 4 completed, 1 diverged. 1 without a result (not run, crashed or interrupted)." in first
    assert "two-sided at 0.05 after Holm's correction for the 1 planned variant; equivalence within ±1 points" in last


def test_methods_and_rule_name_the_test_that_was_used():
    """With seeds, B shares none with the baseline; without, no variant does."""
    rows = [
        {"net": net, "seed": 10 * (net == "B") + k, "score": k + k**2 * (net == "A")} for net in "zAB" for k in range(3)
    ]
    mixed, unpaired, paired = (
        of_frame(pd.DataFrame(chosen), Asked("score", seed, ["net"], margin=1.0), Path("table"))
        for chosen, seed in ((rows, "seed"), (rows, None), (rows[:6], "seed"))
    )
    texts = [methods.methods(results)[-2] for results in (mixed, unpaired, paired)]
    assert "and Welch's t for variants that share no seed" in texts[0] and "for paired variants only" in texts[0]
    assert "paired by seed" not in texts[1] and "Student" not in texts[1] and "two one-sided" not in texts[1]
    assert "Welch's t over all runs" in texts[1] and "equivalence is not tested" in texts[1]
    assert texts[2].startswith(
        "Runs are paired by seed; intervals and p-values are Student's t on the differences, two"
    )
    rules = [verdict_sentences.rule(results.effects, results.format) for results in (mixed, unpaired, paired)]
    assert ["are not tested for equivalence" in text for text in rules] == [True, True, False]
    assert ["two one-sided tests" in text for text in rules] == [True, False, True]
    assert any("80 % power" in text for text in limits.limits(paired))
    assert not any("paired differences" in text for text in limits.limits(unpaired))


def test_methods_state_the_number_of_images_and_the_step(make_study):
    study = make_study({"baseline": {0: 0.5}}, {})
    np.savez(study / "baseline/seed=0/val_predictions.npz", label=[0, 1] * 180, logits=np.eye(2)[[0, 0] * 180])
    assert (
        "360 validation images: one run's accuracy changes in steps of 0.28 points."
        in methods.methods(analyze(study))[-1]
    )


def test_methods_state_the_data(make_study):
    record = {"images": IMAGES, "inputs": INPUTS, "selection": "last"}
    study = make_study({"baseline": {0: 0.5}}, {}, classes=10, record=record)
    text = "Data: 1,200 training and 360 validation images, 10 classes, 32 × 32 pixels, 3 channels."
    assert text in methods.methods(analyze(study))
    (study / "baseline/seed=0/.hydra").mkdir()
    config = {"data": {"_target_": "d.digits", "val_fraction": 0.2, "split_seed": 3, "train_limit": 1200}}
    OmegaConf.save(OmegaConf.create(config), study / "baseline/seed=0/.hydra/config.yaml")
    expected = "Data: digits, 1,200 training and 360 validation images, 10 classes, 32 × 32 pixels, 3 channels; 20 % of"
    assert any(one.startswith(expected) for one in methods.methods(analyze(study)))
    assert "limited to 1,200 of the others" in " ".join(methods.methods(analyze(study)))
    config["data"] |= {"_target_": "d.image_folder", "root": "somewhere/photos"}
    OmegaConf.save(OmegaConf.create(config), study / "baseline/seed=0/.hydra/config.yaml")
    assert any(one.startswith("Data: image folder photos, 1,200") for one in methods.methods(analyze(study)))


def test_methods_state_the_epoch_and_the_images(make_study):
    def stated(name, **record) -> str:
        study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name=name, record=record)
        return methods.methods(analyze(study))[-1]

    assert stated("last", selection="last", images=IMAGES) == (
        "Except for test accuracies, tables and figures are of the last epoch and 360 validation images: one run's"
        " accuracy changes in steps of 0.28 points."
    )
    halves = stated("half", selection="best_val", images=HALVES)
    assert "highest accuracy on 180 of the 360 validation images." in halves
    assert "on the other 180 validation images: one run's accuracy changes in steps of 0.56 points." in halves
    assert "it is too high" in stated("old", selection="best_val")
    assert stated("unknown") == "Except for test accuracies, tables and figures are of validation images."


def test_runs_whose_accuracy_is_of_other_images_are_named(make_study):
    study = make_study(
        {"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, record={"selection": "last", "images": IMAGES}
    )
    path = study / "model=b/seed=0/run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"selection": "best_val", "images": HALVES}))
    text = methods.methods(analyze(study))[-1]
    assert text.startswith(
        "The accuracies of the runs are computed on different images or epochs. 1 run: Except for test"
    )
    assert "1 run: The epoch of each run is the one with the highest accuracy on 180" in text


def test_a_margin_that_was_changed_after_a_result_is_stated(make_study):
    change = {"time": "2026-01-02T03:04:05+00:00", "before": 1.0, "after": 4.0, "results": 10}
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, margin=4.0, margin_changes=[change])
    assert "changed from ±1 points to ±4 points on 2026-01-02, after 10 results" in notes.notes(analyze(study))[0]


def test_settings_that_change_with_a_level_are_stated_once_and_the_level_itself_is_not(make_study):
    two = {"optimizer": ["sgd", "adam"], "model.hidden": ["[8]", "[16]"]}
    variants = {"baseline": ("sgd", "[8]"), "optimizer=adam": ("adam", "[8]"), "model.hidden=[16]": ("sgd", "[16]"),
                "optimizer=adam+model.hidden=[16]": ("adam", "[16]")}  # fmt: skip
    study = make_study({name: {0: 0.5, 1: 0.6} for name in variants}, two)
    for name, (optimizer, hidden) in variants.items():
        config = {"optimizer": {"_target_": f"o.{optimizer}", "lr": {"sgd": 0.1, "adam": 0.001}[optimizer]},
                  "model": {"hidden": hidden}}  # fmt: skip
        (study / name / "seed=0/.hydra").mkdir()
        OmegaConf.save(OmegaConf.create(config), study / name / "seed=0/.hydra/config.yaml")
    texts = methods.methods(analyze(study))
    assert "Further settings that change with a level: optimizer=adam: optimizer.lr 0.001, not 0.1." in texts


def test_a_setting_that_two_levels_of_a_factor_change_is_stated_for_both(make_study):
    study = make_study({name: {0: 0.5, 1: 0.6} for name in ("baseline", "how=probe", "how=tune")},
                       {"how": ["scratch", "probe", "tune"]})  # fmt: skip
    settings = {"baseline": ("none", 0), "how=probe": ("w.pt", 0), "how=tune": ("w.pt", 1)}
    for name, (weights, warmup) in settings.items():
        (study / name / "seed=0/.hydra").mkdir()
        config = {"model": {"weights": weights, "head_warmup_epochs": warmup}}
        OmegaConf.save(OmegaConf.create(config), study / name / "seed=0/.hydra/config.yaml")
    assert (
        "Settings of the levels: how=probe: model.weights w.pt, not none. how=tune:"
        " model.weights w.pt, not none; model.head_warmup_epochs 1, not 0."
    ) in methods.methods(analyze(study))


@pytest.mark.parametrize(
    ("labels", "metric", "stated"),
    [
        ([0, 0, 0, 1], "val_accuracy", "(always predict 0): 75.0 % validation accuracy."),
        (
            [0, 0, 0, 1],
            "val_macro_f1",
            "(always predict 0): 75.0 % validation accuracy and 42.9 % validation macro-F1.",
        ),
        (
            [1, 1, 1, 0],
            "val_worst_class_accuracy",
            "(always predict 1): 75.0 % validation accuracy and 0.0 % validation worst-class accuracy.",
        ),
        ([0, 0, 0, 1], "val_nll", "(always predict 0): 75.0 % validation accuracy."),
        ([0, 0, 1, 1], "val_accuracy", ""),
    ],
)
def test_methods_state_the_majority_class_baseline_of_imbalanced_classes(make_study, labels, metric, stated):
    study = make_study({"baseline": {0: 0.5}}, {})
    path = study / "study.json"
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "metric": {"name": metric, "unit": "%", "scale": 100}}))
    np.savez(study / "baseline/seed=0/val_predictions.npz", label=labels, logits=np.eye(2)[labels])
    text = methods.methods(analyze(study))[-1]
    assert text.endswith(stated) and ("Majority-class baseline" in text) == bool(stated)


def test_methods_state_the_recipe_and_the_environment(make_study):
    environment = {"hydra-ablate": "1.2", "python": "3.11.7", "torch": "2.13.0", "device": "cpu", "cpu": "EPYC",
                   "threads": 2, "precision": "bf16"}  # fmt: skip
    study = make_study({"baseline": {0: 0.5, 1: 0.6}}, {}, record={"environment": environment})
    config = {
        "model": {"_target_": "m.CNN", "widths": [8, 16]}, "normalization": {"_target_": "n.batch", "momentum": 0.1},
        "augmentation": {"flip": {"p": 0.5}, "cutout": {}}, "loss": {"_target_": "l.cross_entropy"},
        "optimizer": {"_target_": "o.sgd", "lr": 0.1, "nesterov": False, "eps": 1e-8},
        "schedule": {"_target_": "s.cosine", "warmup_epochs": 2.0},
        "trainer": {"epochs": 3, "batch_size": 64, "ema": 0.99, "grad_clip": None, "tta": "none"},
    }  # fmt: skip
    (study / "baseline/seed=0/.hydra").mkdir()
    OmegaConf.save(OmegaConf.create(config), study / "baseline/seed=0/.hydra/config.yaml")
    texts = methods.methods(analyze(study))
    assert (
        "Baseline: model CNN (widths [8, 16]), normalization batch (momentum 0.1), 1,000 parameters. Training:"
        " optimizer sgd (lr 0.1, eps 1e-08); schedule cosine (warmup_epochs 2); loss cross_entropy; augmentation flip,"
        " cutout; 3 epochs, batches of 64; weights averaged with decay 0.99."
    ) in texts
    assert (
        "Software: hydra-ablate 1.2, Python 3.11.7, PyTorch 2.13.0, on cpu (EPYC), 2 threads, precision bf16." in texts
    )
    path = study / "baseline/seed=1/run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"environment": environment | {"device": "cuda"}}))
    assert methods.methods(analyze(study))[-1].count("PyTorch 2.13.0") == 2  # two devices
