"""Results on test sets other than the runs' own, from test-on/ in each run folder."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ablate.analysis.on_test_set import metric as test_metric
from ablate.data.corruptions import CLEAN
from ablate.runs import other_test, study_plan
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.other_test import OtherTestResult
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
COLUMNS = ["test_set", "variant", "seed", "condition", "severity", "images", "accuracy", "loss", "calibration_error"]
COLUMNS += ["data_sha256", "folder"]
Tested = tuple[str | None, int | None, str, OtherTestResult]
VALUES = ["accuracy", "loss", "calibration_error"]


def read(study: Path, plan: StudyPlan, runs: pd.DataFrame) -> pd.DataFrame:
    """Read the results of the completed runs of a study.

    A result of another configuration than planned is left out, as is one on other images than most results of its
    name, unless the variants have images of their own.

    Args:
        study: its folder.
        plan: its plan.
        runs: frame of `collect`.

    Returns:
        One row per run and condition, the columns `COLUMNS`: accuracy and calibration_error are fractions; condition is
        empty if the test set has one, `clean` for the images that were corrupted; severity is missing if it has none.
        After accuracy, a column with the study's metric (`test_metric.column`), if all tests have it.
    """
    configurations = {run.folder: run.config_sha256 for run in plan.runs}
    results: list[Tested] = []
    for run in runs[runs["status"] == "completed"].itertuples():
        for result in _results(study / run.folder):
            if result.config_sha256 == configurations.get(run.folder):
                results.append((run.variant, run.seed, run.folder, result))
    by_name: dict[str, list[str | None]] = {}
    for *_, result in results:
        by_name.setdefault(result.name, []).append(result.test_sha256)
    kept = {name: max(hashes, key=hashes.count) for name, hashes in by_name.items()}
    varies = study_plan.data_varies(plan)
    return frame([one for one in results if varies or one[3].test_sha256 == kept[one[3].name]], plan.metric)


def frame(results: Sequence[Tested], metric: Metric = ACCURACY) -> pd.DataFrame:
    """Results (variant, seed, folder, result) as the frame of `read`; `metric`: that of the study."""
    rows = [
        (result.name, variant, seed, one.name, one.severity, one.images, one.accuracy, one.loss, one.calibration_error,
         one.data_sha256, folder)
        for variant, seed, folder, result in results
        for one in result.conditions
    ]  # fmt: skip
    tests = pd.DataFrame(rows, columns=COLUMNS).astype({"severity": "Int64"})
    if (column := test_metric.column(metric)) not in COLUMNS:
        values = [test_metric.value(one, metric) for *_, result in results for one in result.conditions]
        if all(value is not None for value in values):
            tests.insert(COLUMNS.index("accuracy") + 1, column, values)
    return tests


def _results(run: Path) -> list[OtherTestResult]:
    """The readable results of a run."""
    results = []
    for name in other_test.names(run):
        try:
            result = other_test.read(run, name)
        except InputError as error:
            log.warning("%s", error)
            continue
        if result is not None:
            results.append(result)
    return results


def over_severities(tests: pd.DataFrame) -> pd.DataFrame:
    """The means over the severities of each condition: one row per test set, condition, variant and seed.

    Args:
        tests: frame of `read`.

    Returns:
        The columns test_set, condition, variant, seed, severities (their number, 0 if there are none), images (of one
        severity), and `VALUES`.
    """
    groups = tests.groupby(["test_set", "condition", "variant", "seed"], sort=False)
    return groups.agg(severities=("severity", "count"), images=("images", "first"), **_means(tests)).reset_index()


def over_conditions(tests: pd.DataFrame) -> pd.DataFrame:
    """The means over all conditions but `clean`, with equal weights: one row per test set, variant and seed.

    A condition with severities counts once, as in the mean corruption error of Hendrycks and Dietterich (2019).

    Args:
        tests: frame of `read`.

    Returns:
        The columns test_set, variant, seed, conditions (their number), and `VALUES`.
    """
    by_condition = over_severities(tests[tests["condition"] != CLEAN])
    groups = by_condition.groupby(["test_set", "variant", "seed"], sort=False)
    return groups.agg(conditions=("condition", "size"), **_means(by_condition)).reset_index()


def _means(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """What is averaged of a frame: all results."""
    return {name: (name, "mean") for name in frame if name not in (*COLUMNS, "severities") or name in VALUES}


def holes(tests: pd.DataFrame, runs: pd.DataFrame) -> dict[str, list[str]]:
    """The planned runs without a result on a test set on which other runs of their variant have one.

    Args:
        tests: frame of `read`.
        runs: frame of `collect`.

    Returns:
        {test set: `variant (seed k)` of each run}
    """
    lost = {}
    for name, rows in tests.groupby("test_set", sort=False):
        without = runs[runs["variant"].isin(rows["variant"]) & ~runs["folder"].isin(rows["folder"])]
        if len(without):
            lost[str(name)] = [f"{run.variant} (seed {run.seed})" for run in without.itertuples()]
    return lost
