"""Notes on the main table: lost runs, mixed code, unpaired seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.chance import majority_baseline
from ablate.analysis.formats import p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.incomplete import partly_compared
from ablate.analysis.report.verdict_sentences import NAMED
from ablate.analysis.results import Results
from ablate.analysis.variant_results import learned, pairs
from ablate.runs.study_plan import MarginChange
from ablate.terminal.text import by_number, first_few, plural

ROUNDING = 1e-9  # of a mean of fractions


def notes(results: Results) -> list[str]:
    """The notes on the main table, one sentence each."""
    runs, effects = results.runs, results.effects
    completed = runs[runs["status"] == "completed"]
    sentences = []
    code = completed["code_sha256"].fillna("unknown").str[:12].value_counts(sort=False)
    if len(code) > 1:
        counts = ", ".join(f"{name} ({plural(count, 'run')})" for name, count in code.items())
        sentences.append(
            f"The runs are of different versions of the code: {counts}. Retrain them to compare like with like."
        )
    if collect.BASELINE not in set(completed["variant"]) and set(runs["variant"]) - {collect.BASELINE}:
        sentences.append("The baseline has no completed run: nothing can be compared.")
    sentences += [_margin_change(change, results.format.points) for change in results.plan.margin_changes]
    sentences += [
        *_baseline_at_chance(results),
        *_below_majority(results),
        *_seen_by_teacher(results),
        *_diverged(results),
        *_unpaired(results),
    ]
    marked, by_variant = partly_compared(effects, runs), effects.set_index("variant")
    if results.looks is None:  # stages have fewer seeds by design
        means = {name: results.format.value(by_variant.loc[name, "baseline_mean"]) for name in marked}
        partly = [
            f"{results.labels[name]}: compared over {marked[name]} of the baseline's seeds; on these the baseline's"
            f" mean is {mean}{results.format.unit}."
            for name, mean in means.items()
        ]
        sentences += _first(partly, "is compared over fewer seeds, too", "are compared over fewer seeds, too")
    drawn = results.curves.groupby(["variant", "seed"]).size().rename("drawn")
    epochs = completed.dropna(subset="epochs").join(drawn, on=["variant", "seed"])[["drawn", "epochs"]].fillna(0)
    short = int((epochs["drawn"] < epochs["epochs"].clip(lower=1)).sum())
    if short:
        sentences.append(
            f"{plural(short, 'completed run')} without a complete metrics.csv: the curves are missing or end early."
        )
    unrecorded = results.curves["train_cross_entropy"].isna() & np.isfinite(results.curves["train_loss"])
    if unrecorded.any():
        count = len(results.curves[unrecorded].drop_duplicates(["variant", "seed"]))
        sentences.append(
            f"{plural(count, 'run')} {by_number(count, 'is', 'are')} from an earlier version."
            f" {by_number(count, 'Its training curve shows', 'Their training curves show')} the training loss, which"
            " may differ from the cross-entropy in the validation curve."
        )
    return sentences


def _margin_change(change: MarginChange, unit: str) -> str:
    """A change of the margin after the first result, a sentence."""
    before, after = ("none" if value is None else f"±{value:g}{unit}" for value in (change.before, change.after))
    return (
        f"The margin was changed from {before} to {after} on {change.time[:10]}, after"
        f" {plural(change.results, 'result')}: verdicts that depend on it were not planned."
    )


def _baseline_at_chance(results: Results) -> list[str]:
    """A sentence if no completed run of the baseline is above chance."""
    frame = results.runs
    base = frame[(frame["variant"] == collect.BASELINE) & (frame["status"] == "completed")]
    if not len(base) or learned(base).any():
        return []
    chance = f" ({100 / results.class_count:.1f} %)" if results.class_count else ""
    images = f" with {plural(results.images, 'evaluation image')}" if results.images else ""
    runs = f"any of its {len(base)} completed runs" if len(base) > 1 else "its completed run"
    return [f"The baseline is not distinguishable from chance{chance}{images}, in {runs}."]


def _below_majority(results: Results) -> list[str]:
    """A sentence on the variants whose mean is not above that of always predicting the most common class."""
    if results.predicted is None:
        return []
    name, known = majority_baseline(results.predicted)
    value, means = known.get(results.metric.name), results.effects.set_index("variant")["mean"]
    below = [] if value is None else [results.labels[variant] for variant in means.index[means <= value + ROUNDING]]
    if value is None or not below:
        return []
    return [
        f"Not above the majority-class baseline (always predict {name}, {results.metric.text(value)}"
        f" {results.metric.label}): {first_few(below, NAMED, '; ')}."
    ]


def _seen_by_teacher(results: Results) -> list[str]:
    """A sentence on the runs whose teacher was trained on some of their validation images."""
    seen = [record.seen_by_teacher for _, record in results.records if record.seen_by_teacher]
    if not seen:
        return []
    return [
        f"The teacher (loss.teacher) of {plural(len(seen), 'run')} was trained on up to {max(seen):,} of the validation"
        " images: their accuracy is too high. Train the teacher with the split of the runs."
    ]


def _diverged(results: Results) -> list[str]:
    """Why a variant with diverged runs is inconclusive, one sentence each."""
    sentences = []
    diverged = (results.runs["status"] == "diverged").any()
    if diverged and results.metric.at_chance(results.class_count) is None:
        sentences.append(
            f"Diverged runs cannot be scored at chance, because the chance level of {results.format.name} is"
            " unknown. Comparisons with such runs claim no difference or equivalence."
        )
    rows = results.effects[results.effects["reason"] == verdict.DISAGREE]
    depending = [
        f"{results.labels[row.variant]} is inconclusive, as the verdict depends on diverged runs:"
        f" {row.verdict_converged} over the {plural(row.n, 'seed')} where both converged"
        f"{_numbers(row, results.format)},"
        f" {row.verdict_at_chance} with diverged runs scored at chance"
        f" ({results.format.plain(row.difference_at_chance)})."
        for row in rows.itertuples()
    ]
    return sentences + _first(depending, "is inconclusive for this reason", "are inconclusive for this reason")


def _first(sentences: Sequence[str], one: str, more: str) -> list[str]:
    """The first sentences, and one on the number of variants that the others are about."""
    rest = len(sentences) - 2 * NAMED
    counted = [f"{plural(rest, f'further variant {one}', f'further variants {more}')}."] if rest > 0 else []
    return [*sentences[: 2 * NAMED], *counted]


def _numbers(row: Any, shown: MetricFormat) -> str:
    """The difference and its Holm p, in parentheses; empty where there is none."""
    if pd.isna(row.difference):
        return ""
    p = "" if pd.isna(row.p_holm) else f", Holm p {p_value(row.p_holm)}"
    return f" ({shown.plain(row.difference)}{p})"


def _unpaired(results: Results) -> list[str]:
    """The variants with seeds on which the baseline has no result, and how they are compared."""
    labels, tests = results.labels, results.effects.set_index("variant")["test"]
    shared = pairs(results.runs, results.metric).groupby("variant", sort=False)["baseline"].agg(["size", "count"])
    alone = shared[shared["size"] > shared["count"]]
    if not alone["count"].any() and not tests.eq("Welch's t").any():
        return []  # no baseline at all, which another note reports
    sentences = []
    for test, treatment in (
        ("paired t", "left out of the comparison"),
        ("Welch's t", "the comparison is unpaired (Welch's t over all runs)"),
    ):
        rows = alone[[tests[name] == test for name in alone.index]]
        count = int((rows["size"] - rows["count"]).sum())
        if count:
            names = first_few([labels[name] for name in rows.index], NAMED, "; ")
            sentences.append(f"{names}: {plural(count, 'run')} without a baseline run of the same seed; {treatment}.")
    return sentences
