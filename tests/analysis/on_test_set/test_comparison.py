"""The best variant of a study against its baseline, from handwritten test results."""

from dataclasses import replace
from pathlib import Path

import pytest

from ablate.analysis.on_test_set import comparison
from ablate.runs.metric import ACCURACY, named
from ablate.study.selection import Choice
from tests.runs.test_test_log import result


def choice(runs, chosen="model=b"):
    folders = {variant: {seed: Path("s", variant, str(seed)) for seed in seeds} for variant, seeds in runs.items()}
    results = {folders[v][seed]: result(accuracy=a) for v, seeds in runs.items() for seed, a in seeds.items()}
    validation = {folder: tested.accuracy for folder, tested in results.items()}
    return Choice(Path("s"), chosen, folders, ACCURACY, validation, 2), results


def test_the_best_variant_is_compared_with_the_baseline():
    """Differences 10, 20 and 30 points: mean 20, t = 20 / (10 / sqrt 3) = 3.46, p = .074 with 2 degrees of freedom."""
    runs = {"model=b": {0: 0.5, 1: 0.6, 2: 0.7, 3: 0.1}, "baseline": {0: 0.4, 1: 0.4, 2: 0.4}}
    head, best, base, difference = comparison.summary(*choice(runs))
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
    assert message in comparison.summary(*choice(runs, chosen))[-1]


def test_a_study_in_a_loss_is_selected_by_its_lowest_mean():
    runs = {"model=b": {0: 0.5, 1: 0.7}, "baseline": {0: 0.4, 1: 0.4}}
    of_accuracy, results = choice(runs)
    losses = {folder: 0.25 + 0.02 * place for place, folder in enumerate(of_accuracy.validation)}
    of_loss = replace(of_accuracy, metric=named("val_loss"), validation=losses)
    head, best, *_ = comparison.summary(of_loss, results)
    assert head == "s: model=b has the lowest mean validation loss of 2 variants; its best run is model=b/0."
    assert best.startswith(
        "  model=b: test accuracy 60.0 ± 14.1 %, test loss 0.500 ± 0, validation loss 0.260 ± 0.014 (mean"
    )
    assert comparison.summary(replace(of_loss, chosen="baseline"), results)[-1].endswith(
        "No variant has a lower validation loss than the baseline."
    )


def test_a_study_in_macro_f1_is_tested_in_it_too():
    of_accuracy, results = choice({"model=b": {0: 0.75}, "baseline": {0: 0.75}})
    of_f1 = replace(of_accuracy, metric=named("val_macro_f1"))
    best = comparison.summary(of_f1, results)[1]
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
    assert comparison.summary(replace(of_accuracy, metric=named(metric)), results)[-1].startswith(text)
