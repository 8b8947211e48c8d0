"""A hyperparameter search: its trials, best first, and the importance of the parameters."""

import pandas as pd

from ablate.analysis.formats import DASH, number
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.search import Importance, Search
from ablate.analysis.tables.table import Table
from ablate.terminal.text import plural


def trials(search: Search, shown: MetricFormat) -> Table:
    """Each trial with its value and its parameters, the best first.

    Args:
        search: of the study.
        shown: how the metric is printed.
    """
    ranked = search.ranked(shown.metric)
    seeds = int(ranked["n"].max())
    value = f"{shown.header}{', mean' if seeds > 1 else ''}"
    columns = {"Trial": ranked["trial"].astype(str), value: ranked["value"].map(shown.value)}
    columns |= {name: ranked[name] for name in search.parameters} | {"Status": ranked["status"]}
    note = (
        f"Exploratory: {plural(int(ranked['value'].notna().sum()), 'completed trial')} of {len(ranked)},"
        f" {plural(seeds, 'seed')} each; {shown.better}. Trials are numbered in the order they were run; trial 0 is the"
        " baseline. The best of many trials is optimistically biased: compare the best trial with the baseline over"
        " new seeds."
    )
    explained = {"Trial": "Trials are numbered in the order they were run, from 0, the baseline."}
    explained["Status"] = "A pruned trial was stopped early; its value is not comparable. It has no rank."
    cells = pd.DataFrame(columns).reset_index(drop=True)
    return Table("Trials", cells, note, tuple(ranked["variant"]), explained=explained)


def importance(known: Importance) -> Table:
    """The importance of each parameter, the largest first."""
    cells = pd.DataFrame(
        {"Parameter": [*known.values], "Importance": [number(value) for value in known.values.values()]}
    )
    few = " With so few trials it is a rough indication." if known.trials < 10 * len(known.values) else ""
    note = f"Exploratory, of {plural(known.trials, 'completed trial')}. {known.method}{few}"
    return Table("Parameter importance", cells, note)


def best_trial(search: Search, shown: MetricFormat) -> str:
    """The best trial, a sentence."""
    ranked = search.ranked(shown.metric)
    first, base = ranked.iloc[0], ranked[ranked["trial"] == 0].iloc[0]
    if pd.isna(first["value"]):
        return "No trial of the search is completed."
    count = plural(int(ranked["value"].notna().sum()), "completed trial")
    text = f"Best of {count}: {shown.value(first['value'])}{shown.unit}"
    if first["trial"] == 0:
        return f"{text}, the baseline's."
    levels = ", ".join(f"{name}={first[name]}" for name in search.parameters)
    baseline = shown.value(base["value"])
    against = f"; the baseline: {baseline}{shown.unit}" if baseline != DASH else ""
    return f"{text} with {levels}{against}."
