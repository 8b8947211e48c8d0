"""Test results of a study: its best variant against its baseline, and the table of all tested variants."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ablate.analysis import collect, stats, verdict
from ablate.analysis.formats import number, p_value, significant, spread
from ablate.analysis.on_test_set import metric as test_metric
from ablate.analysis.on_test_set.usage import usage
from ablate.analysis.report.terminal import print_table
from ablate.analysis.tables.on_test_set import on_test_set
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.study_plan import BASELINE
from ablate.runs.test_result import TestResult
from ablate.study.selection import Choice
from ablate.terminal.text import plural


def compare(choice: Choice, results: Mapping[Path, TestResult]) -> None:
    """Print the test accuracies of a study's best variant and its baseline, over all their seeds."""
    print("\n".join(summary(choice, results)))


def summary(choice: Choice, results: Mapping[Path, TestResult]) -> list[str]:
    """Summarize a study's best variant and its baseline: test accuracies (mean ± SD) and their paired difference.

    Args:
        choice: The variant with the best mean of the study's metric, and its runs.
        results: {run folder: content of its test.json}.
    """
    metric = choice.metric
    tested = {folder.resolve(): result for folder, result in results.items()}
    of_run = {
        variant: {seed: tested[run.resolve()] for seed, run in seeds.items()} for variant, seeds in choice.runs.items()
    }
    accuracies = {
        variant: {seed: result.accuracy for seed, result in by_seed.items()} for variant, by_seed in of_run.items()
    }
    best = choice.best[choice.chosen].relative_to(choice.study)
    text = [
        f"{choice.study}: {choice.chosen} has the {'highest' if metric.sign > 0 else 'lowest'} mean {metric.label} of"
        f" {plural(choice.of, 'variant')};"
        f" its best run is {best}."
    ]
    for variant, by_seed in accuracies.items():
        validation = [choice.validation[run] for run in choice.runs[variant].values()]
        text.append(
            f"  {variant}: test accuracy {mean_and_sd(list(by_seed.values()))}, "
            + _in_metric(metric, list(of_run[variant].values()))
            + f"{metric.label} {mean_and_sd(validation, metric)}"
            + f" ({'mean ± SD over ' * (len(by_seed) > 1)}{plural(len(by_seed), 'seed')})"
        )
    if choice.chosen == BASELINE:
        return [
            *text,
            f"  No variant has a {'higher' if metric.sign > 0 else 'lower'} {metric.label} than the baseline.",
        ]
    if BASELINE not in accuracies:
        return [*text, "  The baseline has no completed run to compare with."]
    in_metric = {
        variant: {seed: test_metric.value(result, metric) for seed, result in of_run[variant].items()}
        for variant in (choice.chosen, BASELINE)
    }
    known = {name: {seed: one for seed, one in values.items() if one is not None} for name, values in in_metric.items()}
    if known != in_metric:  # as of a training metric
        metric, known = ACCURACY, accuracies
    return [*text, f"  {_difference(known[choice.chosen], known[BASELINE], metric)}"]


def _in_metric(metric: Metric, results: list[TestResult]) -> str:
    """The results in the study's metric, `test macro-F1 65.2 ± 1.0 %, `; empty if it is the accuracy or unknown."""
    known = [value for value in (test_metric.value(result, metric) for result in results) if value is not None]
    if metric.is_accuracy or not known:
        return ""
    return f"{test_metric.label(metric)} {mean_and_sd(known, metric)}, "


def _difference(variant: Mapping[int, float], baseline: Mapping[int, float], metric: Metric) -> str:
    """The difference between two variants, {seed: recorded value} each, on their shared seeds, with its t-test."""
    shared = [seed for seed in variant if seed in baseline]
    difference = stats.paired_difference(
        [metric.scale * variant[seed] for seed in shared], [metric.scale * baseline[seed] for seed in shared]
    )
    if not np.isfinite(difference.p):
        return f"Difference not testable: {verdict.UNTESTED}."
    percent = metric.unit == "%"
    digits = 1 if percent else max(0, 1 - math.floor(math.log10(difference.high - difference.low)))
    mean, low, high = (number(value, digits, "+") for value in (difference.mean, difference.low, difference.high))
    of_metric = "" if metric.is_accuracy else f" in {test_metric.label(metric)}"
    return (
        f"Difference{of_metric} {mean} {metric.difference_unit}".rstrip()
        + f", paired by {difference.n} seeds: 95 % CI {low} to {high}, p {p_value(difference.p)} (Student's t)"
    )


def show_variants(study: Path) -> None:
    """Print the table of all tested variants of a study."""
    plan = collect.read_plan(study)
    table = on_test_set(usage(study, plan), collect.labels(collect.collect(study, plan)), plan.metric)
    if table is not None:
        print_table(table.cells, f"{table.title}, study {plan.name}")


def mean_and_sd(values: list[float], metric: Metric = ACCURACY) -> str:
    """Format the mean and standard deviation of recorded values as they are printed: `81.2 ± 0.4 %`, `0.341 ± 0.02`.

    One value has no standard deviation: `81.2 %`.
    """
    mean = float(metric.scale * np.mean(values))
    sd = float(metric.scale * np.std(values, ddof=1)) if len(values) > 1 else math.nan
    if metric.unit != "%":
        return f"{spread(significant(mean), significant(sd, 2))} {metric.unit}".rstrip()
    return f"{spread(number(mean, 1), number(sd, 1))} %"
