"""The results on the test set of the variants that were tested, in the study's metric."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.formats import number, spread
from ablate.analysis.metric_format import metric_format
from ablate.analysis.on_test_set import metric as test_metric
from ablate.analysis.on_test_set.usage import UNPLANNED, Usage
from ablate.analysis.tables.table import Table
from ablate.runs.metric import ACCURACY, Metric

NOTE = "Differences are paired by seed, with Student's t interval over seeds; not corrected."
UNKNOWN = " The {metric} of these tests is unknown."


def on_test_set(usage: Usage, labels: Mapping[str, str], metric: Metric = ACCURACY) -> Table | None:
    """The test result of each tested variant, the baseline first, and its difference; None if none was tested.

    In another metric than the accuracy, the accuracy is in a column of its own. Where the metric of a test is unknown,
    the results are accuracies.

    Args:
        usage: uses of the test set.
        labels: {variant: label}, of `collect.labels`.
        metric: of the study.
    """
    known = usage.runs[usage.runs["accuracy"].notna() & (usage.runs["variant"] != UNPLANNED)]
    if not len(known):
        return None
    in_metric = not metric.is_accuracy and "value" in known and known["value"].notna().all()
    shown_metric, column = (metric, "value") if in_metric else (ACCURACY, "accuracy")
    values = {name: rows.set_index("seed") for name, rows in known.groupby("variant", sort=False)}
    names = [name for name in labels if name in values]
    compared = pd.DataFrame([_compared(values, name, column, shown_metric) for name in names])
    shown = metric_format(shown_metric, compared)
    title = test_metric.label(shown_metric)
    title = title[:1].upper() + title[1:]
    rows = list(compared.itertuples())
    cells = {
        "Variant": [labels[name] for name in names],
        "n (seeds)": [str(row.n) for row in rows],
        f"{title}{f' ({shown_metric.unit})' if shown_metric.unit else ''}, mean ± SD": [
            shown.spread(row.mean, row.sd) for row in rows
        ],
        f"{shown.difference_header} [95 % CI]": [
            shown.interval(row.difference, row.ci_low, row.ci_high) for row in rows
        ],
    }
    if in_metric:
        percent = [100 * values[name]["accuracy"] for name in names]
        cells["Test accuracy (%), mean ± SD"] = [spread(number(one.mean()), number(one.std())) for one in percent]
    unknown = "" if in_metric or metric.is_accuracy else UNKNOWN.format(metric=test_metric.label(metric))
    note = f"{NOTE} Select variants by {metric.label}, not by this table.{unknown}"
    heading = f"{test_metric.title(shown_metric)} on the test set"
    return Table(heading, pd.DataFrame(cells), note, tuple(names))


def _compared(values: Mapping[str, pd.DataFrame], name: str, column: str, metric: Metric) -> dict[str, float]:
    """Seeds, recorded mean and SD, and the difference from the baseline in printed units; values by seed."""
    results = values[name][column]
    row = {"n": len(results), "mean": results.mean(), "sd": results.std()}
    missing = float("nan")
    if name == collect.BASELINE or collect.BASELINE not in values:
        return {**row, "difference": missing, "ci_low": missing, "ci_high": missing}
    baseline = values[collect.BASELINE][column]
    shared = results.index.intersection(baseline.index)
    paired = stats.paired_difference(
        (metric.scale * results[shared]).tolist(), (metric.scale * baseline[shared]).tolist()
    )
    return {**row, "difference": paired.mean, "ci_low": paired.low, "ci_high": paired.high}
