"""Print and draw what `ablate test` measured: one run, or the best variant of a study against its baseline."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ablate.analysis import collect, stats, test_metric, verdict
from ablate.analysis.formats import number, p_value, significant, spread, times
from ablate.analysis.report.terminal import print_table
from ablate.analysis.tables.test_set import test_set
from ablate.analysis.test_usage import usage
from ablate.evaluation.class_metrics import majority, of_confusion
from ablate.evaluation.test_set import LARGEST, MISTAKES, PICTURES
from ablate.files import arrays, atomic, bounded
from ablate.runs import activation_maps as run_maps
from ablate.runs import test_result
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.study_plan import BASELINE
from ablate.runs.test_result import Mark, TestResult
from ablate.study.selection import Choice
from ablate.terminal.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "test"  # of the figures, in the run's folder
LISTED = 30  # classes
MAX_PIXELS = 2 * MISTAKES * 3 * LARGEST**2  # bytes
SIDE = range(1, LARGEST + 1)  # pixels


def show(folder: Path, result: TestResult, brief: bool = False) -> None:
    """Print the test result of a run and write its figures to the run's folder.

    Args:
        folder: The run.
        result: The content of its test.json.
        brief: Print the accuracy only, and write no figures.
    """
    text = [printable(line) for line in lines(folder, result)]
    if brief:
        print(text[0], flush=True)
        return
    from ablate.analysis.figures import render

    destination = folder / FOLDER
    destination.mkdir(exist_ok=True)
    drawing = figures(folder, result)
    for name, draw in drawing.items():
        for suffix, content in render(draw()).items():
            atomic.write_bytes(destination / f"{name}.{suffix}", content)
    print("\n".join([*text, f"  Figures: {destination}/ ({', '.join(drawing)})"]), flush=True)


def figures(folder: Path, result: TestResult) -> "dict[str, Callable[[], Figure]]":
    """Map the name of each figure of a tested run to a function that draws it.

    Args:
        folder: The run.
        result: The content of its test.json.

    Returns:
        `confusion`, `calibration`, and `mistakes` if the misclassified images were saved.
    """
    from ablate.analysis.figures import calibration, confusion, mistakes

    names, counts = list(result.per_class_accuracy), np.array(result.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    drawing: dict[str, Callable[[], Figure]] = {
        "confusion": lambda: confusion(names, {f"Test set, {result.images} images": shares}),
        "calibration": lambda: calibration(result.reliability, result.calibration_error),
    }
    if (images := _misclassified_images(folder, result)) is not None:
        drawing["mistakes"] = lambda: mistakes(images, result.mistakes, names)
    return drawing


def _misclassified_images(folder: Path, result: TestResult) -> np.ndarray | None:
    """The images of `result.mistakes`, uint8 (n, C, H, W); None if missing, damaged or from an earlier test."""
    count = len(result.mistakes)
    expected = {
        "images": arrays.Expected("u", (count, range(1, 4), SIDE, SIDE)),
        "index": arrays.Expected("iu", (count,)),
    }
    try:
        stored = arrays.read(folder / PICTURES, expected, MAX_PIXELS + bounded.MIB)
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None
    images = stored["images"]
    valid = images.dtype == np.uint8 and images.shape[1] in (1, 3)
    same = stored["index"].tolist() == [mistake.index for mistake in result.mistakes]
    return images if valid and same else None


def lines(folder: Path, result: TestResult) -> list[str]:
    """Format the test result of a run: accuracy, mark, calibration, accuracy on each class, number of tests.

    Args:
        folder: The run.
        result: The content of its test.json.
    """
    low, high = result.accuracy_interval
    text = [
        f"{folder}: test accuracy {100 * result.accuracy:.1f} % on {result.images} images"
        f" (95 % CI {100 * low:.1f} to {100 * high:.1f} %)"
    ]
    if result.mark:
        text.append(f"  {mark(result.mark)}")
    text.append(f"  Expected calibration error {100 * result.calibration_error:.1f} points; loss {result.loss:.3f}")
    text += [f"  {_over_classes(result)}", *_class_lines(result)]
    if (more := len(result.per_class_accuracy) - LISTED) > 0:
        text.append(f"  ... and {more} more classes, in {folder / test_result.FILE}")
    text.append(f"  The test set has been used {times(result.uses)} on this run.")
    return text


def _over_classes(result: TestResult) -> str:
    """Balanced accuracy and macro-F1, and what always predicting the most common class would reach."""
    counts, names = np.array(result.confusion), list(result.per_class_accuracy)
    values, baseline = of_confusion(counts), majority(images := counts.sum(1))
    return (
        f"Balanced accuracy {100 * values['balanced_accuracy']:.1f} %, macro-F1 {100 * values['macro_f1']:.1f} %;"
        f" majority-class baseline (always predict {names[images.argmax()]}): accuracy"
        f" {100 * baseline['accuracy']:.1f} %, macro-F1 {100 * baseline['macro_f1']:.1f} %"
    )


def _class_lines(result: TestResult) -> list[str]:
    """One line per class, for at most `LISTED` classes: its accuracy and what it was most often misclassified as."""
    accuracies, intervals = result.per_class_accuracy, result.per_class_interval
    width = max(map(len, accuracies))
    text = []
    for row, name in enumerate(list(accuracies)[:LISTED]):
        accuracy, interval = accuracies[name], intervals[name]
        if accuracy is None or interval is None:
            text.append(f"  {name:<{width}}  no images")
            continue
        low, high = interval
        text.append(
            f"  {name:<{width}}  {100 * accuracy:5.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"
            f"{_most_common_error(result.confusion[row], row, list(accuracies))}"
        )
    return text


def _most_common_error(counts: list[int], true_class: int, names: list[str]) -> str:
    """The most frequent wrong prediction in a row of the confusion matrix; empty if there is none."""
    wrong = [0 if predicted == true_class else count for predicted, count in enumerate(counts)]
    return f"  most often misclassified as {names[wrong.index(max(wrong))]} ({max(wrong)})" if max(wrong) else ""


def mark(grade: Mark) -> str:
    """Format the mark under a rubric, its band, and whether the whole accuracy interval lies in that band."""
    text = f"Mark under the rubric {grade.rubric}: {grade.mark:g} % ({grade.band})"
    marks, bands = grade.interval_marks, grade.interval_bands
    if len(set(marks)) == 1:
        return f"{text}; the whole interval lies in this band."
    return (
        f"{text}; the interval spans several bands, from {marks[0]:g} % ({bands[0]}) to {marks[1]:g} % ({bands[1]}):"
        " another sample of test images could change the mark."
    )


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
        f" {choice.of} variants;"
        f" its best run is {best}."
    ]
    for variant, by_seed in accuracies.items():
        validation = [choice.validation[run] for run in choice.runs[variant].values()]
        text.append(
            f"  {variant}: test accuracy {mean_and_sd(list(by_seed.values()))}, "
            + _in_metric(metric, list(of_run[variant].values()))
            + f"{metric.label} {mean_and_sd(validation, metric)}"
            + (f" (mean ± SD over {len(by_seed)} seeds)" if len(by_seed) > 1 else " (1 seed)")
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
    table = test_set(usage(study, plan), collect.labels(collect.collect(study, plan)), plan.metric)
    if table is not None:
        print_table(table.cells, f"{table.title}, study {plan.name}")


def write_maps(study: Path) -> Path:
    """Draw the class activation maps in the folder of a study; return the path of the PNG file."""
    from ablate.analysis.figures import render
    from ablate.analysis.figures.activation_maps import activation_maps

    stored = run_maps.read(study)
    assert stored is not None
    (study / FOLDER).mkdir(exist_ok=True)
    path = study / FOLDER / "activation_maps.png"
    atomic.write_bytes(path, render(activation_maps(*stored, stored[0].variants))["png"])
    return path


def mean_and_sd(values: list[float], metric: Metric = ACCURACY) -> str:
    """Format the mean and standard deviation of recorded values as they are printed: `81.2 ± 0.4 %`, `0.341 ± 0.02`.

    One value has no standard deviation: `81.2 %`.
    """
    mean = float(metric.scale * np.mean(values))
    sd = float(metric.scale * np.std(values, ddof=1)) if len(values) > 1 else math.nan
    if metric.unit != "%":
        return f"{spread(significant(mean), significant(sd, 2))} {metric.unit}".rstrip()
    return f"{spread(number(mean, 1), number(sd, 1))} %"
