"""Print and draw what `ablate test` measured of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ablate.analysis.formats import times
from ablate.evaluation.class_metrics import majority, of_confusion
from ablate.files import atomic
from ablate.runs import activation_maps as run_maps
from ablate.runs import misclassified, test_result
from ablate.runs.test_result import Mark, TestResult
from ablate.terminal.text import plural, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "test"  # of the figures, in the run's folder
LISTED = 30  # classes


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
    try:
        return misclassified.read(folder, result)
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None


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
        text.append(f"  ... and {plural(more, 'more class', 'more classes')}, in {folder / test_result.FILE}")
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
