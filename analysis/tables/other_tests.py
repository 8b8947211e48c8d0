"""The metric and the calibration on other test sets than the runs' own, and by corruption. Exploratory."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.formats import DASH, difference, number, p_value, spread
from ablate.analysis.metric_format import PERCENT_DIGITS
from ablate.analysis.on_test_set import metric as test_metric
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.tables.table import Table
from ablate.data.corruptions import CLEAN
from ablate.runs.metric import ACCURACY, Metric
from ablate.terminal.text import first_few

OTHER_DIGITS = 3  # decimals of a metric without a unit
NOTE = (
    "Secondary: the verdicts are those of the study's metric alone. Differences are paired by seed, with Student's t"
    " interval over seeds; p is corrected (Holm) for {metric} on a test set, the intervals are not. Calibration:"
    " expected calibration error with 15 bins, |accuracy − confidence| per bin weighted by images; 0 is best. Select"
    " variants by validation, not by this table."
)
MEAN = " {metric} is the mean over conditions, each the mean over its severities; clean images are left out."
SEVERITIES = " Each corruption is the mean over its severities; test_on.csv has all of them."


def other_test_sets(
    tests: pd.DataFrame, labels: Mapping[str, str], runs: pd.DataFrame, metric: Metric = ACCURACY
) -> Table | None:
    """The study's metric and the calibration of each variant on each other test set; None if none was tested.

    Where the metric of a test is unknown, the accuracy takes its place.

    Args:
        tests: frame of `other_tests.read`.
        labels: {variant: label}, of `collect.labels`.
        runs: frame of `collect`; runs of tested variants that were not tested are named in the note.
        metric: of the study.
    """
    if not len(tests):
        return None
    values = other_tests.over_conditions(tests)
    several = values["conditions"].max() > 1 or tests["severity"].notna().any()
    holes = [f" Not tested on {name}: {first_few(lost)}." for name, lost in other_tests.holes(tests, runs).items()]
    shown = metric if test_metric.column(metric) in tests else ACCURACY
    mean = MEAN.format(metric=test_metric.title(shown)) if several else ""
    note = "".join([NOTE.format(metric=test_metric.noun(shown)), mean, *holes])
    return _table(f"{test_metric.title(shown)} on other test sets", values, ["test_set"], labels, note, shown)


def conditions(tests: pd.DataFrame, labels: Mapping[str, str], metric: Metric = ACCURACY) -> Table | None:
    """The same under each condition; None if no test set has two of them. See `other_test_sets`."""
    if not len(tests):
        return None
    values = other_tests.over_severities(tests)
    several = values.groupby("test_set")["condition"].transform("nunique") > 1
    if not several.any():
        return None
    first = values["condition"] != CLEAN
    values = values[several].assign(first=first).sort_values(["test_set", "first"], kind="stable")
    shown = metric if test_metric.column(metric) in tests else ACCURACY
    note = NOTE.format(metric=test_metric.noun(shown)) + SEVERITIES * bool((values["severities"] > 0).any())
    title = f"{test_metric.title(shown)} by corruption or condition"
    return _table(title, values, ["test_set", "condition"], labels, note, shown)


def _table(
    title: str, values: pd.DataFrame, keys: list[str], labels: Mapping[str, str], note: str, metric: Metric
) -> Table:
    """One row per combination of `keys` and variant: the metric, with its difference, and the calibration error."""
    heads = {"test_set": "Test set", "condition": "Condition"}
    unit, difference_unit = (f" ({text})" if text else "" for text in (metric.unit, metric.difference_unit))
    value = f"{test_metric.title(metric)}{unit}, mean ± SD"
    columns = [*(heads[key] for key in keys), "Variant", "n (seeds)", value, f"Difference{difference_unit}"]
    columns += ["Calibration error (%), mean ± SD", "Its difference"]
    columns = [f"{name} [95 % CI]" if "ifference" in name else name for name in columns]
    frames, variants = [], []
    for _, of_set in values.groupby("test_set", sort=False):
        rows, raw = [], []
        for names, group in of_set.groupby(keys, sort=False):
            by_seed = {str(name): seeds.set_index("seed") for name, seeds in group.groupby("variant")}
            for variant in (name for name in labels if name in by_seed):
                result = _compared(by_seed, variant, test_metric.column(metric), metric)
                calibration = _compared(by_seed, variant, "calibration_error", ACCURACY)
                rows.append((*names, labels[variant], str(len(by_seed[variant])), *result[:2], *calibration[:2]))
                raw.append(result[2])
                variants.append(variant)
        frame = pd.DataFrame(rows, columns=columns)
        frame.insert(len(keys) + 4, "p (Holm)", [p_value(p) for p in stats.holm(raw)])
        frames.append(frame)
    return Table(title, pd.concat(frames, ignore_index=True), note, tuple(variants))


def _compared(by_seed: Mapping[Any, pd.DataFrame], variant: str, column: str, metric: Metric) -> tuple[str, str, float]:
    """Mean ± SD of a variant as printed, its difference from the baseline, and the p-value."""
    values, digits = metric.scale * by_seed[variant][column], PERCENT_DIGITS if metric.unit == "%" else OTHER_DIGITS
    text = spread(number(values.mean(), digits), number(values.std(), digits))
    if variant == collect.BASELINE or collect.BASELINE not in by_seed:
        return text, DASH, float("nan")
    baseline = metric.scale * by_seed[collect.BASELINE][column]
    shared = values.index.intersection(baseline.index)
    paired = stats.paired_difference(values[shared].tolist(), baseline[shared].tolist())
    return text, difference(paired.mean, paired.low, paired.high, digits), paired.p
