"""Accuracy and calibration on other test sets than the runs' own, and corruption by corruption. Exploratory."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis import collect, other_tests, stats
from ablate.analysis.formats import DASH, difference, number, p_value
from ablate.analysis.tables.table import Table
from ablate.data.corruptions import CLEAN
from ablate.terminal.text import first_few

NOTE = (
    "Secondary: the verdicts are those of the study's metric alone. Differences are paired by seed, with Student's t"
    " interval over seeds; p is corrected (Holm) for the accuracies on a test set, the intervals are not. Calibration:"
    " expected calibration error with 15 bins, |accuracy − confidence| per bin weighted by images; 0 is best. Select"
    " variants by validation, not by this table."
)
MEAN = " Accuracy is the mean over conditions, each the mean over its severities; clean images are left out."
SEVERITIES = " Each corruption is the mean over its severities; test_on.csv has all of them."


def other_test_sets(tests: pd.DataFrame, labels: Mapping[str, str], runs: pd.DataFrame) -> Table | None:
    """The accuracy and calibration of each variant on each other test set; None if none was tested.

    Args:
        tests: frame of `other_tests.read`.
        labels: {variant: label}, of `collect.labels`.
        runs: frame of `collect`; runs of tested variants that were not tested are named in the note.
    """
    if not len(tests):
        return None
    values = other_tests.over_conditions(tests)
    several = values["conditions"].max() > 1 or tests["severity"].notna().any()
    holes = [f" Not tested on {name}: {first_few(lost)}." for name, lost in other_tests.holes(tests, runs).items()]
    note = "".join([NOTE, MEAN * bool(several), *holes])
    return _table("Accuracy on other test sets", values, ["test_set"], labels, note)


def conditions(tests: pd.DataFrame, labels: Mapping[str, str]) -> Table | None:
    """The accuracy and calibration under each condition; None if no test set has two of them. See `other_test_sets`."""
    if not len(tests):
        return None
    values = other_tests.over_severities(tests)
    several = values.groupby("test_set")["condition"].transform("nunique") > 1
    if not several.any():
        return None
    first = values["condition"] != CLEAN
    values = values[several].assign(first=first).sort_values(["test_set", "first"], kind="stable")
    note = NOTE + SEVERITIES * bool((values["severities"] > 0).any())
    return _table("Accuracy by corruption or condition", values, ["test_set", "condition"], labels, note)


def _table(title: str, values: pd.DataFrame, keys: list[str], labels: Mapping[str, str], note: str) -> Table:
    """One row per combination of `keys` and variant, with the columns accuracy and calibration_error of `values`."""
    heads = {"test_set": "Test set", "condition": "Condition"}
    columns = [*(heads[key] for key in keys), "Variant", "n (seeds)", "Accuracy (%), mean ± SD", "Difference (points)"]
    columns += ["Calibration error (%), mean ± SD", "Its difference"]
    columns = [f"{name} [95 % CI]" if "ifference" in name else name for name in columns]
    frames, variants = [], []
    for _, of_set in values.groupby("test_set", sort=False):
        rows, raw = [], []
        for names, group in of_set.groupby(keys, sort=False):
            by_seed = {str(name): seeds.set_index("seed") for name, seeds in group.groupby("variant")}
            for variant in (name for name in labels if name in by_seed):
                accuracy = _compared(by_seed, variant, "accuracy")
                calibration = _compared(by_seed, variant, "calibration_error")
                rows.append((*names, labels[variant], str(len(by_seed[variant])), *accuracy[:2], *calibration[:2]))
                raw.append(accuracy[2])
                variants.append(variant)
        frame = pd.DataFrame(rows, columns=columns)
        frame.insert(len(keys) + 4, "p (Holm)", [p_value(p) for p in stats.holm(raw)])
        frames.append(frame)
    return Table(title, pd.concat(frames, ignore_index=True), note, tuple(variants))


def _compared(by_seed: Mapping[Any, pd.DataFrame], variant: str, column: str) -> tuple[str, str, float]:
    """Mean ± SD of a variant in percent, its difference from the baseline in points, and the p-value."""
    values = 100 * by_seed[variant][column]
    spread = f"{number(values.mean())} ± {number(values.std() if len(values) > 1 else float('nan'))}"
    if variant == collect.BASELINE or collect.BASELINE not in by_seed:
        return spread, DASH, float("nan")
    baseline = 100 * by_seed[collect.BASELINE][column]
    shared = values.index.intersection(baseline.index)
    paired = stats.paired_difference(values[shared].tolist(), baseline[shared].tolist())
    return spread, difference(paired.mean, paired.low, paired.high), paired.p
