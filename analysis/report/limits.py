"""The limits of a study, the number of looks at its results and at the test set, and the provenance of its numbers."""

import hashlib
from collections.abc import Sequence

import pandas as pd

from ablate.analysis import stats, study_power
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.formats import number, spread, times
from ablate.analysis.on_test_set import metric as test_metric
from ablate.analysis.on_test_set.usage import Usage
from ablate.analysis.report.verdict_sentences import NAMED
from ablate.analysis.results import Results
from ablate.analysis.stats.linear_model import FRACTION
from ablate.analysis.variant_results import correlation, differences
from ablate.runs.looks import Look
from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.text import by_number, first_few, plural

SEEDS = 12  # seeds or looks that a sentence names
CONFOUNDED = (
    "Interactions are not estimable: this fraction confounds them with main effects, which are those of the factors"
    " alone only if interactions are small. The same variants with all levels exchanged (a foldover) separate them."
)
UNATTRIBUTED = (
    "No Shapley values: main effects are aliased with two-way interactions; a fraction of resolution IV or its foldover"
    " separates them."
)
NOT_CROSSED = ("one_at_a_time", "cumulative")  # designs in which no two changes are combined freely


def limits(results: Results) -> list[str]:
    """What a study of this size and design cannot show, one sentence each."""
    effects, plan = results.effects, results.plan
    if not effects["p"].notna().any():
        return [study_power.smallest(1, 1)] if effects["n"].max() == 1 and len(effects) > 1 else []
    median_sd = differences(results.runs, results.metric).groupby(level="variant").std().median()
    sd = float(median_sd) if median_sd > 0 else None
    m, sentences = planned_comparisons(results.runs), list[str]()
    if (n := paired_seeds(results)) is not None:
        largest = results.metric.largest_difference
        sentences.append(study_power.smallest(n, m, sd, results.format.points, largest))
    unseen = plan.design in NOT_CROSSED
    if results.contrasts is not None:
        unseen = not (results.contrasts["kind"] == "interaction").any()
        if unseen and results.contrasts["method"].eq(FRACTION).any():
            sentences.append(CONFOUNDED)
            unseen = False
        aliased = results.contrasts.loc[results.contrasts["kind"] == "main", "aliases"].ne("")
        if aliased.any():
            sentences.append(UNATTRIBUTED)
    if unseen and sum(len(levels) > 1 for levels in plan.factors.values()) > 1:
        sentences.append("Interactions are not estimable: no two factors were changed both alone and together.")
    k = int(effects["mean"].notna().sum())
    return (
        [*sentences, _selection_bias(k, correlation(results.runs, results.metric), results.format.name)]
        if k > 2
        else sentences
    )


def paired_seeds(results: Results) -> int | None:
    """The number of seeds that the minimum detectable effect is of: that of most variants with a paired test.

    None without a paired test, and for a study with stages, whose number of seeds depends on its results.
    """
    effects = results.effects
    seeds = effects.loc[effects["p"].notna() & effects["test"].eq("paired t"), "n"]
    return int(seeds.mode().min()) if len(seeds) and results.looks is None else None


def _selection_bias(k: int, rho: float, metric: str) -> str:
    """How much too high the best of k equally good variants would be."""
    known = not pd.isna(rho)
    correlated = f"if all {k} variants were equally good, with the observed correlation over seeds (rho {number(rho)})"
    independent = f"if all {k} variants were equally good and independent"
    return (
        f"Selection bias: {correlated if known else independent}, the best observed mean would still be"
        f" {number(stats.selection_bias(k, rho if known else 0.0))} standard errors too good on average. Select by"
        f" {metric}, then test once."
    )


def tested(usage: Usage, metric: Metric = ACCURACY) -> str:
    """How often the test set was used, on which runs, and their results; and how often other test sets were used.

    Args:
        usage: uses of the test sets.
        metric: of the study; where it is unknown, the results are accuracies.
    """
    runs, damaged, others = usage.runs, "", _other_test_sets(usage)
    if usage.unreadable:
        damaged = f" {plural(usage.unreadable, 'record')} of its use cannot be read."
    if not len(runs):
        text = "The test set was not used." if not damaged else f"Whether the test set was used is unknown.{damaged}"
        return text + others
    if metric.is_accuracy or not runs.loc[runs["accuracy"].notna(), "value"].notna().all():
        runs, metric = runs.assign(value=runs["accuracy"]), ACCURACY
    texts = [_tested_variant(variant, rows, metric) for variant, rows in runs.groupby("variant", sort=False)]
    replaced = ""
    if usage.replaced:
        replaced = (
            f" Of these, {times(usage.replaced)} on runs of another configuration that were replaced since; this"
            " counts, as the test images are the same."
        )
    return (
        f"The test set was used {times(usage.looks)}, on {plural(usage.tested, 'run')}:"
        f" {first_few(texts, 2 * NAMED)}.{replaced}{damaged}{others}"
    )


def _other_test_sets(usage: Usage) -> str:
    """A sentence on each other test set, or on corruptions of the own one, that was used."""
    named, more = list(usage.others.items())[: 2 * NAMED], len(usage.others) - 2 * NAMED
    texts = [
        f" The test set {name} was used {times(looks)}, on {plural(runs, 'run')}." for name, (looks, runs) in named
    ]
    if more > 0:
        texts.append(f" {plural(more, 'further test set was', 'further test sets were')} used (tests.jsonl).")
    return "".join(texts)


def _tested_variant(variant: str, runs: pd.DataFrame, metric: Metric) -> str:
    """A variant with its tested seeds and their results."""
    seeds = list(runs["seed"].dropna().astype(int))
    values = metric.scale * runs["value"].dropna()
    digits = 1 if metric.unit == "%" else 3
    shown = f"{spread(number(values.mean(), digits), number(values.std(), digits))} {metric.unit}".rstrip()
    name = "" if metric.is_accuracy else f"{test_metric.label(metric)} "
    accuracy = f": {name}{shown}" if len(values) else ""
    noun = by_number(len(seeds), "seed", "seeds")
    return f"{variant} ({noun} {first_few(seeds, SEEDS)}{accuracy})" if seeds else variant


def looked(looks: Sequence[Look], replaced: int, variants: int) -> list[str]:
    """The number of looks at the results and the resulting error rate; empty for one look.

    Args:
        looks: those at the results that are reported.
        replaced: number of looks at runs that were replaced since.
        variants: number of planned variants.
    """
    before = []
    if replaced:
        before = [
            f"The study was looked at {times(replaced)} before all of its runs were replaced; these looks are not"
            " counted, as the results are new. If you chose the changes because of these looks, confirm the result in"
            " a new study."
        ]
    if len(looks) < 2:
        return before
    counts = sorted({look.seeds for look in looks if look.seeds > 1})
    steps = ", ".join(f"{look.results} of {look.planned}" for look in looks[:SEEDS])
    text = f"The results were looked at {times(len(looks))} (at {steps} runs)."
    if len(counts) > 1 and variants:
        rate = stats.false_claims_over_looks(tuple(counts), variants)
        text += (
            f" If the earlier looks decided whether to continue, equal variants are called better or worse in"
            f" {100 * rate:.0f} % of studies instead of 5 % (simulated for looks at"
            f" {', '.join(map(str, counts[:-1]))} and {counts[-1]} seeds)."
        )
    return [
        *before, f"{text} Verdicts are not corrected for this; a new study with new seeds has the stated error rate.",
    ]  # fmt: skip


def provenance(plan: StudyPlan, runs: pd.DataFrame) -> str:
    """The commit, code and configurations of the numbers; of a table, the command that read it."""
    if not any(run.config_sha256 for run in plan.runs):
        return f"Study {plan.name}; read with: {plan.command}; all numbers are in runs.csv and effects.csv."
    planned = hashlib.sha256("".join(sorted(run.config_sha256 for run in plan.runs)).encode()).hexdigest()
    commits, code = (_names(runs[name]) for name in ("commit", "code_sha256"))
    return (
        f"Study {plan.name}; commit {commits}; training code {code}; configurations {planned[:12]} (sha256); all"
        " numbers are in runs.csv and effects.csv."
    )


def _names(hashes: pd.Series) -> str:
    """The first digits of each hash."""
    return ", ".join(dict.fromkeys(str(name)[:12] for name in hashes.dropna())) or "unknown"
