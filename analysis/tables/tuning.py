"""The tuning of each variant: its budget, its setting, and the difference with and without it."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis.formats import DASH
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.stats.paired import PairedDifference
from ablate.analysis.tables.table import Table
from ablate.analysis.tuned import Tuned
from ablate.runs.study_plan import BASELINE
from ablate.terminal.text import by_number, first_few, plural

MOST_BUDGETS = 8  # columns of the table


def tuning(tuned: Tuned, effects: pd.DataFrame, labels: Mapping[str, str], shown: MetricFormat) -> Table:
    """One row per variant: trials, chosen setting, and its difference from the baseline without and with tuning.

    Args:
        tuned: the tuning.
        effects: frame of `effects`, over the seeds of the report.
        labels: {variant: label}, of `collect.labels`.
        shown: how the metric is printed.
    """
    names = [name for name in labels if name in tuned.chosen]
    rows = effects.set_index("variant")
    counts = tuned.trials.groupby("variant")["setting"].count()
    reported = [
        DASH if name == BASELINE else shown.interval(*rows.loc[name, ["difference", "ci_low", "ci_high"]])
        for name in names
    ]
    cells = pd.DataFrame(
        {
            "Variant": [labels[name] for name in names],
            "Trials": [str(counts[name]) for name in names],
            "Chosen setting": [", ".join(f"{key}={one}" for key, one in tuned.chosen[name].items()) for name in names],
            f"{shown.difference_header}, baseline's setting": _differences(tuned.common, names, shown),
            "Own settings": _differences(tuned.own, names, shown),
            "Own settings, report's seeds": reported,
        }
    )
    seeds = first_few(tuned.plan.seeds, 10)
    note = (
        f"Each variant had the same {plural(len(tuned.plan.settings), 'setting')} of {', '.join(tuned.plan.keys)} on"
        f" {plural(len(tuned.plan.seeds), 'tuning seed')} ({seeds}). Differences have 95 % confidence intervals."
        " Difference 1: all variants at the baseline's setting, tuning seeds. Difference 2: each variant at its own"
        " setting, tuning seeds; exploratory, because the same runs chose the settings. Difference 3: own settings,"
        f" seeds of the study, as in the main table.{_edges(tuned, labels)}"
    )
    return Table("Tuning of each variant", cells, note, tuple(names))


def budgets(tuned: Tuned, labels: Mapping[str, str], shown: MetricFormat) -> Table:
    """One row per variant: the expected best value of so many random settings."""
    names = [name for name in labels if name in tuned.best]
    count = len(tuned.best)
    kept = [n for n in tuned.best.index if count <= MOST_BUDGETS or n in (count, *(2**k for k in range(20)))]
    columns = {plural(n, "trial"): [shown.value(tuned.best.loc[n, name]) for name in names] for n in kept}
    note = (
        f"{shown.header}: expected best mean over the tuning seeds for this number of randomly drawn settings"
        " (Dodge et al., 2019). Compare variants at equal budgets. The values are optimistic, because the settings were"
        " selected by them."
    )
    cells = pd.DataFrame({"Variant": [labels[name] for name in names], **columns})
    return Table("Best value against the tuning budget", cells, note, tuple(names))


def _differences(of: Mapping[str, PairedDifference], names: list[str], shown: MetricFormat) -> list[str]:
    return [shown.interval(of[name].mean, of[name].low, of[name].high) if name in of else DASH for name in names]


def _edges(tuned: Tuned, labels: Mapping[str, str]) -> str:
    """A sentence on chosen levels at the edge of their range; empty if there are none."""
    edges = [f"{', '.join(levels)} of {labels[name]}" for name, levels in tuned.edges.items() if name in labels]
    if not edges:
        return ""
    are = by_number(len(edges), "is", "are")
    return f" At the edge of the range {are} {first_few(edges, 5)}: a wider range may be better."
