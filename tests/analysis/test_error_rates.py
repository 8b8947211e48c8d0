"""The error rates of the printed verdicts, in simulated studies of which the truth is known.

Runs share the seed of their study, as real ones do. With `best_val`, the epoch is selected on one half of the
validation images and its accuracy is that of the other half; both vary from epoch to epoch, the baseline's less than
the variants'. That training selects so is tested in tests/evaluation/test_epoch_selection.py.
"""

import html
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.verdict_sentences import verdicts
from ablate.analysis.report.write import report
from ablate.runs.metric import Metric

MARGIN = 1.0  # percentage points
SEEDS, EPOCHS = 5, 10
BETTER_OR_WORSE = ("better", "worse", "better, within the margin", "worse, within the margin")
EQUIVALENT = ("equivalent", "better, within the margin", "worse, within the margin")
LIMIT = 0.055


class Truth(NamedTuple):
    """A kind of study: the number of variants, the number of null variants, and what must not be claimed of them.

    Attributes:
        variants: number of variants.
        null: number of variants for which a claim is false; the others are 5 points better.
        difference: true difference of the null variants, points.
        spread: SD of a run around its seed, points; with `best_val`, epochs vary by half of it (baseline) or 1.3 times.
        claims: verdicts that are false of the null variants.
    """

    variants: int
    null: int
    difference: float
    spread: float
    claims: tuple[str, ...]


EQUAL = [Truth(m, m, 0.0, 0.6, BETTER_OR_WORSE) for m in (1, 7, 20)]
AT_THE_MARGIN = [Truth(m, m, MARGIN, 0.2, EQUIVALENT) for m in (1, 7, 20)]
SOME_BETTER = [Truth(7, 4, 0.0, 0.6, BETTER_OR_WORSE)]


def accuracies(truth: Truth, selection: str, count: int) -> np.ndarray:
    """Accuracies in points (count, variants + 1, SEEDS) as the runs of so many studies record them, baseline first."""
    rng = np.random.default_rng(truth.variants)
    shape = (count, truth.variants + 1, SEEDS)
    points = 70 + rng.normal(0, 0.6, (count, 1, SEEDS)) + rng.normal(0, truth.spread, shape)
    points[:, 1 : truth.null + 1] += truth.difference
    points[:, truth.null + 1 :] += 5.0
    if selection == "last":
        return points
    varying = truth.spread * np.array([0.5] + [1.3] * truth.variants)[:, None, None]
    of_selection, of_report = (rng.normal(0, 1, (*shape, EPOCHS)) * varying for _ in range(2))
    best = of_selection.argmax(axis=3)[..., None]
    return points + np.take_along_axis(of_report, best, axis=3)[..., 0]


def frame(variants: int) -> pd.DataFrame:
    """The runs of a study as `collect` reads them, without their results."""
    names = ["baseline", *(f"model={k}" for k in range(1, variants + 1))]
    rows = [(name, name[6:] or "0", seed) for name in names for seed in range(SEEDS)]
    runs = pd.DataFrame(rows, columns=["variant", "model", "seed"])
    return runs.assign(status="completed", val_accuracy=0.0, parameters=1000, seconds=7.5)


def printed(runs: pd.DataFrame) -> list[str]:
    """The verdict of each variant in the main table, which the sentences of the report repeat."""
    compared = effects(runs, metric=Metric(margin=MARGIN))
    cells = tables.main(compared, runs, MetricFormat(Metric(margin=MARGIN))).cells
    return cells["Verdict"].tolist()[1:]


def smallest(points: np.ndarray, truth: Truth) -> np.ndarray:
    """The smallest p of a false claim in each study, of the difference or of equivalence, by scipy alone."""
    d = points[:, 1 : truth.null + 1] - points[:, :1]
    mean, error = d.mean(axis=2), d.std(axis=2, ddof=1) / np.sqrt(SEEDS)
    if truth.claims is EQUIVALENT:
        return stdtr(SEEDS - 1, (abs(mean) - MARGIN) / error).min(axis=1)
    return (2 * stdtr(SEEDS - 1, -abs(mean / error))).min(axis=1)


def false_claims(truth: Truth, selection: str, count: int) -> float:
    """The share of studies whose report prints at least one false claim.

    Printed are the studies whose smallest p is near the level that a claim needs or below it, and some of the others,
    of which none may have a claim.
    """
    points = accuracies(truth, selection, count)
    near = smallest(points, truth) < 1.1 * 0.05 / truth.null
    others = np.flatnonzero(~near)[: max(5, count // 200)]
    runs, wrong = frame(truth.variants), np.zeros(count, bool)
    for study in [*np.flatnonzero(near), *others]:
        shown = printed(runs.assign(val_accuracy=points[study].ravel() / 100))
        wrong[study] = any(name in truth.claims for name in shown[: truth.null])
    assert not wrong[others].any()
    return float(wrong.mean())


@pytest.mark.integration
@pytest.mark.parametrize("selection", ["last", "best_val"])
@pytest.mark.parametrize("truth", [*EQUAL, *AT_THE_MARGIN, *SOME_BETTER], ids=lambda t: f"{t.null}of{t.variants}")
def test_a_report_prints_a_false_claim_in_at_most_one_of_twenty_studies(truth, selection):
    """6000 studies: the standard error of a rate of 5 % is .28 points."""
    rate = false_claims(truth, selection, 6000)
    print(f"{selection}, {truth.null} of {truth.variants} variants, {truth.claims[0]}: {100 * rate:.2f} %")
    assert 0.025 < rate <= LIMIT


@pytest.mark.parametrize("selection", ["last", "best_val"])
@pytest.mark.parametrize("truth", [EQUAL[1], AT_THE_MARGIN[1]], ids=["equal", "at the margin"])
def test_false_claims_are_rare(truth, selection):
    assert false_claims(truth, selection, 400) <= 0.083  # 5 % plus three standard errors


def test_the_maximum_over_epochs_would_be_called_better():
    """What the second half of the images is for: the same epochs, compared by the maximum that selected them."""
    rng = np.random.default_rng(0)
    epochs = rng.normal(0, 1, (60, 2, SEEDS, EPOCHS)) * np.array([0.3, 0.8])[:, None, None]
    points = 70 + rng.normal(0, 0.3, (60, 2, SEEDS)) + epochs.max(axis=3)
    runs = frame(1)
    shown = [printed(runs.assign(val_accuracy=one.ravel() / 100))[0] for one in points]
    assert sum(name.startswith("better") for name in shown) > 0.3 * len(points)


def test_the_run_folders_give_the_same_verdicts_in_every_file(make_study):
    """From the records of runs to effects.csv, report.typ and report.html: what `printed` gives for the frame."""
    truth = Truth(3, 2, 0.0, 0.2, BETTER_OR_WORSE)
    points = accuracies(truth, "last", 1)[0]
    runs = frame(truth.variants).assign(val_accuracy=points.ravel() / 100)
    results = {
        name: dict(zip(rows["seed"], rows["val_accuracy"], strict=True)) for name, rows in runs.groupby("variant")
    }
    study = make_study(results, {"model": ["0", "1", "2", "3"]}, margin=MARGIN)
    shown = printed(runs)
    assert shown[2] == "better" and set(shown) > {"better"}
    report(study)
    assert pd.read_csv(study / "report/effects.csv")["verdict"].tolist() == ["baseline", *shown]
    main = pd.read_csv(study / "report/tables/effects.csv")
    assert main["Verdict"].tolist() == ["baseline", *shown]
    sentences = verdicts(effects(collect.collect(study), metric=Metric(margin=MARGIN)), collect.collect(study))
    for name in ("report.typ", "report.html"):
        text = html.unescape((study / "report" / name).read_text())
        assert all(sentence in text for sentence in sentences) and "Better than the baseline: model=3 (+" in text


def test_a_clear_difference_is_shown_and_so_is_equivalence():
    """The rates above are not those of a test that never claims anything."""
    better, same = Truth(7, 0, 0.0, 0.6, ()), Truth(7, 7, 0.0, 0.2, ())
    for truth, claim in ((better, "better"), (same, "equivalent")):
        runs = frame(truth.variants)
        shown = [printed(runs.assign(val_accuracy=one.ravel() / 100)) for one in accuracies(truth, "last", 20)]
        assert np.mean([name == claim for study in shown for name in study]) > 0.8
