"""What `ablate test` found: a run as lines of text and figures, a study's choice beside its baseline."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ablate.analysis import stats
from ablate.analysis.formats import number, p_value, times
from ablate.evaluation.test_set import LARGEST, MISTAKES, PICTURES
from ablate.files import atomic, bounded
from ablate.runs import test_result
from ablate.runs.study_plan import BASELINE
from ablate.runs.test_result import Mark, TestResult
from ablate.study.selection import Choice
from ablate.terminal.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "test"  # in a run's folder, for the figures
LISTED = 30  # classes
PIXELS = 2 * MISTAKES * 3 * LARGEST**2  # bytes that the images of mistakes have at most


def show(folder: Path, result: TestResult, brief: bool = False) -> None:
    """Print what a test.json says and draw its figures into the run's folder; if `brief`, one line and none."""
    said = [printable(line) for line in lines(folder, result)]
    if brief:
        print(said[0], flush=True)
        return
    from ablate.analysis.figures import rendered

    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    drawn = figures(folder, result)
    for name, draw in drawn.items():
        for suffix, content in rendered(draw()).items():
            atomic.write_bytes(place / f"{name}.{suffix}", content)
    print("\n".join([*said, f"  Figures: {place}/ ({', '.join(drawn)})"]), flush=True)


def figures(folder: Path, result: TestResult) -> "dict[str, Callable[[], Figure]]":
    """What draws each figure of a tested run, by the name of its file."""
    from ablate.analysis.figures import calibration, confusion, mistakes

    names, counts = list(result.per_class_accuracy), np.array(result.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    found: dict[str, Callable[[], Figure]] = {
        "confusion": lambda: confusion(names, {f"Test set, {result.images} images": shares}),
        "calibration": lambda: calibration(result.reliability, result.calibration_error),
    }
    if (images := _pictures(folder, result)) is not None:
        found["mistakes"] = lambda: mistakes(images, result.mistakes, names)
    return found


def _pictures(folder: Path, result: TestResult) -> np.ndarray | None:
    """The images of the mistakes; None if they are lost, damaged or of another test."""
    try:
        found = bounded.arrays(folder / PICTURES, ("images", "index"), PIXELS + bounded.MIB)
    except Exception:  # numpy and zipfile raise many kinds on a damaged file
        return None
    images, index = found["images"], found["index"]
    whole = images.ndim == 4 and images.dtype == np.uint8 and images.shape[1] in (1, 3) and 0 not in images.shape[2:]
    same = len(images) == len(index) and index.tolist() == [mistake.index for mistake in result.mistakes]
    return images if whole and same else None


def lines(folder: Path, result: TestResult) -> list[str]:
    """What a test.json says, a line each: accuracy, mark, calibration, the classes, how often it was tested."""
    low, high = result.accuracy_interval
    said = [
        f"{folder}: test accuracy {100 * result.accuracy:.1f} % of {result.images} images"
        f" (95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    ]
    if result.mark:
        said.append(f"  {mark(result.mark)}")
    said.append(f"  Expected calibration error {100 * result.calibration_error:.1f} points; loss {result.loss:.3f}")
    accuracies, intervals = result.per_class_accuracy, result.per_class_interval
    width = max(map(len, accuracies))
    for row, name in enumerate(list(accuracies)[:LISTED]):
        accuracy, interval = accuracies[name], intervals[name]
        if accuracy is None or interval is None:
            said.append(f"  {name:<{width}}  no images")
            continue
        low, high = interval
        said.append(
            f"  {name:<{width}}  {100 * accuracy:5.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"
            f"{_taken(result.confusion[row], row, list(accuracies))}"
        )
    if len(accuracies) > LISTED:
        said.append(f"  ... and {len(accuracies) - LISTED} classes more, in {folder / test_result.FILE}")
    said.append(f"  The test set has been used {times(result.uses)} on this run.")
    return said


def _taken(counts: list[int], own: int, names: list[str]) -> str:
    """What a class was most often taken for."""
    others = [0 if column == own else count for column, count in enumerate(counts)]
    return f"  most often taken for {names[others.index(max(others))]} ({max(others)})" if max(others) else ""


def mark(judged: Mark) -> str:
    """The mark and its band, and whether the interval of the accuracy stays in that band."""
    said = f"Mark by the rubric {judged.rubric}: {judged.mark:g} % ({judged.band})"
    marks, bands = judged.interval_marks, judged.interval_bands
    if len(set(marks)) == 1:
        return f"{said}; the whole interval lies in this band."
    return (
        f"{said}; but the interval spans bands, from {marks[0]:g} % ({bands[0]}) to {marks[1]:g} % ({bands[1]}):"
        " other test images could give another mark."
    )


def compare(choice: Choice, results: Mapping[Path, TestResult]) -> None:
    """Print the chosen variant of a study beside its baseline, over all their seeds."""
    print("\n".join(summary(choice, results)))


def summary(choice: Choice, results: Mapping[Path, TestResult]) -> list[str]:
    """Mean and SD of both variants' test accuracies, and their difference, paired by seed; a line each."""
    tested = {folder.resolve(): result.accuracy for folder, result in results.items()}
    found = {
        variant: {seed: tested[run.resolve()] for seed, run in seeds.items()} for variant, seeds in choice.runs.items()
    }
    best = choice.best[choice.chosen].relative_to(choice.study)
    said = [
        f"{choice.study}: {choice.chosen} has the highest mean validation accuracy of {choice.of} variants;"
        f" of its runs {best} has the highest, and is the one to hand in."
    ]
    for variant, accuracies in found.items():
        validation = [choice.validation[run] for run in choice.runs[variant].values()]
        said.append(
            f"  {variant}: test accuracy {spread(list(accuracies.values()))}, validation accuracy {spread(validation)}"
            f" (mean ± SD over {len(accuracies)} seed{'s' * (len(accuracies) > 1)})"
        )
    if choice.chosen == BASELINE:
        return [*said, "  No variant has a higher validation accuracy than the baseline."]
    if BASELINE not in found:
        return [*said, "  The baseline has no completed run to compare with."]
    own, base = found[choice.chosen], found[BASELINE]
    shared = [seed for seed in own if seed in base]
    difference = stats.paired_difference([own[seed] for seed in shared], [base[seed] for seed in shared])
    if not np.isfinite(difference.p):
        return [*said, "  A test of the difference needs two seeds that both have, and differences that differ."]
    return [
        *said,
        f"  Difference {number(100 * difference.mean, 1, '+')} points, paired by {difference.n} seeds: 95 % CI"
        f" {number(100 * difference.low, 1, '+')} to {number(100 * difference.high, 1, '+')},"
        f" p {p_value(difference.p)} (Student's t)",
    ]


def spread(accuracies: list[float]) -> str:
    """Mean and standard deviation of fractions, in per cent."""
    mean = float(100 * np.mean(accuracies))
    sd = float(100 * np.std(accuracies, ddof=1)) if len(accuracies) > 1 else math.nan
    return f"{number(mean, 1)} ± {number(sd, 1)} %"
