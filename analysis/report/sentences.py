"""The text of a report: question, methods, verdicts, notes and limits. For every kind of report."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import collect, left_out, stats, study_power, verdict
from ablate.analysis.effects import correlation, differences, learned, pairs, planned_comparisons
from ablate.analysis.formats import number, p_value, significant, times
from ablate.analysis.results import Results
from ablate.analysis.test_usage import Usage
from ablate.runs.read_config import read_config
from ablate.runs.statuses import NOT_COMPARABLE
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import ABSENT, first_few

VERDICTS = {
    verdict.BETTER: "Better than the baseline",
    verdict.BETTER_WITHIN: "Better than the baseline, by less than the margin",
    verdict.WORSE: "Worse than the baseline",
    verdict.WORSE_WITHIN: "Worse than the baseline, by less than the margin",
    verdict.EQUIVALENT: "Equivalent to the baseline",
    verdict.DIVERGES: "Diverges more often than the baseline",
    verdict.CONVERGES: "Diverges less often than the baseline",
}
OPEN = {
    verdict.INCONCLUSIVE: "Inconclusive",
    verdict.NOT_TESTABLE: "Not testable (fewer than two shared seeds, or all differences equal)",
}
NAMED = 4  # variants that a sentence names with their numbers; twice as many by name alone
LEVELS = 12  # levels or seeds that a sentence names
NOT_CROSSED = ("one_at_a_time", "cumulative")  # designs in which no two changes are combined freely


def holes(runs: pd.DataFrame) -> dict[str, str]:
    """Each variant's runs that are lost or learned nothing: `1 diverged, 1 at chance, 2 missing`."""
    order, texts = ("diverged", "at chance", "pruned", *collect.HOLES), {}
    statuses = runs["status"].where((runs["status"] != "completed") | learned(runs), "at chance")
    for variant, own in statuses[statuses != "completed"].groupby(runs["variant"], sort=False):
        counts = own.value_counts()
        texts[variant] = ", ".join(f"{counts[status]} {status}" for status in order if status in counts)
    return texts


def partial(effects: pd.DataFrame, runs: pd.DataFrame) -> dict[str, int]:
    """The paired variants compared over some of the baseline's seeds alone, and over how many.

    Their mean less that of the baseline's row is not their difference.
    """
    n = int(((runs["status"] == "completed") & (runs["variant"] == collect.BASELINE)).sum())
    rows = effects[(effects["test"] == "paired t") & effects["n"].between(1, n - 1)]
    return dict(zip(rows["variant"], rows["n"].astype(int), strict=True))


def question(plan: StudyPlan) -> str:
    """What the study asks."""
    varied = [name for name, levels in plan.factors.items() if len(levels) > 1]
    if not varied:
        return "How accurate is the baseline on the validation images?"
    if len(varied) == 1:
        return f"Does {varied[0]} affect validation accuracy?"
    return f"Which of {', '.join(varied[:-1])} and {varied[-1]} affect validation accuracy?"


def methods(results: Results) -> list[str]:
    """The design, how the runs ended, the baseline's configuration, what differs from it, and the statistics."""
    plan, runs = results.plan, results.runs
    seeds = ", ".join(map(str, plan.seeds)) if len(plan.seeds) <= 10 else f"{len(plan.seeds)} seeds"
    levels = "; ".join(f"{name}: {first_few(values, LEVELS)}" for name, values in plan.factors.items())
    paragraphs = [
        f"Design {plan.design}, {len(runs)} runs of {runs['variant'].nunique()} variants, seeds {seeds}."
        f" {_ended(runs)} Factors, the baseline's level first: {levels or 'none'}."
    ]
    paragraphs += left_out.sentences(runs)
    paragraphs += _baseline(results.folder, runs)
    labels, differing = collect.labels(runs), []
    for variant, keys in list(results.changes.groupby("variant", sort=False))[: 2 * NAMED]:
        texts = [_change(row.key, row.baseline, row.value) for row in keys.head(NAMED).itertuples()]
        more = f", and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
        differing.append(f"{labels[variant]} has {'; '.join(texts)}{more}")
    if differing:
        paragraphs.append(f"What differs from the baseline: {'. '.join(differing)}.")
    return [*paragraphs, _statistics(results)]


def _ended(runs: pd.DataFrame) -> str:
    """How the planned runs ended. A diverged run is a result, a run without a result is a hole."""
    statuses = runs["status"].value_counts()
    counts = [(int(statuses.get("completed", 0)), "completed"), (int(statuses.get("diverged", 0)), "diverged")]
    counts += [(int(statuses.get("pruned", 0)), "pruned")]
    chance = counts[0][0] - int(learned(runs).sum())
    at_chance = {"completed": f" ({chance} of them at chance)" if chance else ""}
    ended = ", ".join(
        f"{count} {status}{at_chance.get(status, '')}" for count, status in counts if count or status == "completed"
    )
    missing = int((runs["status"].isin(collect.HOLES) & ~runs["status"].isin(NOT_COMPARABLE)).sum())
    without = f" {missing} without a result (not run, crashed or interrupted)." if missing else ""
    return f"Results: {ended}.{without}"


def _statistics(results: Results) -> str:
    """The tests, their families, and the evaluation images."""
    m = planned_comparisons(results.runs)
    text = (
        "Runs are paired by seed; intervals and p-values are Student's t on the differences. Verdicts are corrected"
        f" (Holm) for the {m} planned variant{'s' * (m != 1)}"
    )
    if results.margin is not None:
        text += f", claims of equivalence (two one-sided tests, margin ±{results.margin:g} points) likewise"
    text += "; other tables are exploratory and corrected within themselves. Tables and figures are of"
    if results.images is None:
        return f"{text} the validation images."
    return (
        f"{text} {results.images} validation images: one run's accuracy changes in steps of"
        f" {significant(100 / results.images, 2)} points."
    )


def _change(key: str, before: str, after: str) -> str:
    """A configuration key that differs: `normalization batch, not none`."""
    if key.endswith("._target_"):
        key, before, after = key.removesuffix("._target_"), before.rpartition(".")[2], after.rpartition(".")[2]
    return f"no {key}" if after == ABSENT else f"{key} {after}" + (f", not {before}" if before != ABSENT else "")


def _baseline(folder: Path, runs: pd.DataFrame) -> list[str]:
    """The configuration of the first baseline run that has a complete one."""
    for run in runs[(runs["variant"] == collect.BASELINE) & (runs["status"] == "completed")].itertuples():
        try:
            config = read_config(folder / run.folder)
            data, trainer, optimizer = config.data, config.trainer, config.optimizer
            settings = ", ".join(f"{key} {value}" for key, value in optimizer.items() if key != "_target_")
            return [
                f"Baseline: model {config.model._target_.rpartition('.')[2]}, data {data._target_.rpartition('.')[2]}"
                f" with {data.val_fraction:g} of the training images held out for validation (split seed"
                f" {data.split_seed}); {trainer.epochs} epoch{'s' * (trainer.epochs > 1)}, batches of"
                f" {trainer.batch_size}; {optimizer._target_.rpartition('.')[2]} with {settings}."
            ]
        except (InputError, AttributeError, ValueError, TypeError):
            continue  # an older or damaged configuration: the next seed's may be complete
    return []


def verdicts(effects: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """The variants of each verdict, one paragraph per verdict."""
    labels, paragraphs = collect.labels(runs), []
    base = effects[effects["variant"] == collect.BASELINE]
    for name, title in VERDICTS.items():
        rows = effects[effects["verdict"] == name]
        rows = rows.reindex(rows["difference_pp"].abs().sort_values(ascending=False, kind="stable").index)
        texts = [f"{labels[row.variant]} ({_evidence(row, base)})" for row in rows.head(NAMED).itertuples()]
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        if texts:
            paragraphs.append(f"{title}: {'; '.join(texts)}{more}.")
    for name, title in OPEN.items():
        names = [labels[variant] for variant in effects.loc[effects["verdict"] == name, "variant"]]
        more = f" and {len(names) - 2 * NAMED} more" if len(names) > 2 * NAMED else ""
        if names:
            paragraphs.append(f"{title}: {'; '.join(names[: 2 * NAMED])}{more}.")
    return paragraphs


def _evidence(row: Any, base: pd.DataFrame) -> str:
    """The numbers that a verdict rests on."""
    if row.verdict in (verdict.DIVERGES, verdict.CONVERGES):
        against = f" against {base['diverged'].iloc[0]} of {base['ended'].iloc[0]}" if len(base) else ""
        return f"{row.diverged} of {row.ended} runs{against}, Fisher's exact test p {p_value(row.p_divergence)}"
    text = f"{number(row.difference_pp, 1, '+')} points"
    equivalence = (
        f"90 % CI {number(row.equivalence_low_pp, 1, '+')} to {number(row.equivalence_high_pp, 1, '+')}, Holm p of"
        f" equivalence {p_value(row.p_equivalence_holm)}"
    )
    if row.verdict == verdict.EQUIVALENT:
        return f"{text}, n = {row.n}, {equivalence}"
    text += f", 95 % CI {number(row.ci_low_pp, 1, '+')} to {number(row.ci_high_pp, 1, '+')}, n = {row.n}"
    text += f", Holm p {p_value(row.p_holm)}"
    return text if row.verdict in (verdict.BETTER, verdict.WORSE) else f"{text}; {equivalence}"


def notes(results: Results) -> list[str]:
    """What a reader of the numbers must know and the table does not show, one sentence each."""
    runs, effects = results.runs, results.effects
    completed = runs[runs["status"] == "completed"]
    sentences = []
    code = completed["code_sha256"].fillna("unknown").str[:12].value_counts(sort=False)
    if len(code) > 1:
        counts = ", ".join(f"{name} ({count} runs)" for name, count in code.items())
        sentences.append(
            f"The runs are of different versions of the code: {counts}. Retrain them to compare like with like."
        )
    if collect.BASELINE not in set(completed["variant"]) and set(runs["variant"]) - {collect.BASELINE}:
        sentences.append("The baseline has no completed run: nothing can be compared.")
    sentences += [*_baseline_at_chance(results), *_diverged(results), *_unpaired(runs, effects)]
    marked, by_variant = partial(effects, runs), effects.set_index("variant")
    for name in list(marked)[: 2 * NAMED]:
        mean = number(100 * by_variant.loc[name, "baseline_mean"])
        sentences.append(
            f"{results.labels[name]}: compared over {marked[name]} of the baseline's seeds; on these the baseline's"
            f" mean is {mean} %."
        )
    equal = effects[(effects["n"] > 1) & effects["difference_pp"].notna() & effects["p"].isna()]
    if len(equal):
        names = "; ".join(results.labels[name] for name in equal["variant"].head(2 * NAMED))
        sentences.append(f"Not testable, as all differences are equal: {names}.")
    drawn = results.curves.groupby(["variant", "seed"]).size().rename("drawn")
    epochs = completed.join(drawn, on=["variant", "seed"])[["drawn", "epochs"]].fillna(0)
    short = int((epochs["drawn"] < epochs["epochs"].clip(lower=1)).sum())
    if short:
        sentences.append(
            f"{short} completed runs have an incomplete metrics.csv: their loss curve is missing or ends early."
        )
    return sentences


def _baseline_at_chance(results: Results) -> list[str]:
    """A sentence if no completed run of the baseline is above chance."""
    runs = results.runs
    base = runs[(runs["variant"] == collect.BASELINE) & (runs["status"] == "completed")]
    if not len(base) or learned(base).any():
        return []
    chance = f" ({100 / results.class_count:.1f} %)" if results.class_count else ""
    return [f"The baseline has learned nothing: all {len(base)} of its completed runs are at chance{chance}."]


def _diverged(results: Results) -> list[str]:
    """Why a variant with diverged runs is inconclusive, one sentence each."""
    sentences = []
    diverged = (results.runs["status"] == "diverged").any()
    if diverged and results.class_count is None:
        sentences.append(
            "Diverged runs are not scored at chance, as the run records do not state the number of classes; for the"
            " variants they concern, no claim is made."
        )
    rows = results.effects[results.effects["reason"] == verdict.DISAGREE]
    for row in rows.head(2 * NAMED).itertuples():
        sentences.append(
            f"{results.labels[row.variant]} is inconclusive, as the verdict depends on diverged runs:"
            f" {row.verdict_converged} over the {row.n} seed{'s' * bool(row.n != 1)} where both converged"
            f"{_numbers(row)},"
            f" {row.verdict_at_chance} with diverged runs scored at chance"
            f" ({number(row.difference_at_chance_pp, 1, '+')} points)."
        )
    return sentences


def _numbers(row: Any) -> str:
    """The difference and its Holm p, in parentheses; empty where there is none."""
    if pd.isna(row.difference_pp):
        return ""
    p = "" if pd.isna(row.p_holm) else f", Holm p {p_value(row.p_holm)}"
    return f" ({number(row.difference_pp, 1, '+')} points{p})"


def _unpaired(runs: pd.DataFrame, effects: pd.DataFrame) -> list[str]:
    """The variants with seeds on which the baseline has no result, and how they are compared."""
    labels, tests = collect.labels(runs), effects.set_index("variant")["test"]
    shared = pairs(runs).groupby("variant", sort=False)["baseline"].agg(["size", "count"])
    alone = shared[shared["size"] > shared["count"]]
    if not alone["count"].any() and not tests.eq("Welch's t").any():
        return []  # no baseline at all, which another sentence says
    sentences = []
    for test, kept in (
        ("paired t", "they are left out of its row"),
        ("Welch's t", "the comparison is unpaired (Welch's t over all runs)"),
    ):
        rows = alone[[tests[name] == test for name in alone.index]]
        count = int((rows["size"] - rows["count"]).sum())
        if count:
            names = first_few([labels[name] for name in rows.index], NAMED)
            sentences.append(
                f"{names}: {count} run{'s' * (count > 1)} without a baseline run of the same seed; {kept}."
            )
    return sentences


def limits(results: Results) -> list[str]:
    """What a study of this size and design can not show, one sentence each."""
    effects, plan = results.effects, results.plan
    tested = effects[effects["p"].notna()]
    if not len(tested):
        return [study_power.smallest(1, 1)] if effects["n"].max() == 1 and len(effects) > 1 else []
    spread = differences(results.runs).groupby(level="variant").std().median()
    sd = float(spread) if spread > 0 else None
    sentences = [study_power.smallest(int(tested["n"].min()), planned_comparisons(results.runs), sd)]
    unseen = plan.design in NOT_CROSSED
    if results.contrasts is not None:
        unseen = not (results.contrasts["kind"] == "interaction").any()
    if unseen and sum(len(levels) > 1 for levels in plan.factors.values()) > 1:
        sentences.append("Interactions are not estimable: no two factors were changed both alone and together.")
    k = int(effects["mean"].notna().sum())
    return [*sentences, _selection_bias(k, correlation(results.runs))] if k > 2 else sentences


def _selection_bias(k: int, rho: float) -> str:
    """How much too high the best of k equally good variants would be."""
    known = not pd.isna(rho)
    correlated = f"if all {k} variants were equally good and correlated over seeds as these are (rho {number(rho)})"
    independent = f"if all {k} variants were equally good and independent"
    return (
        f"Selection bias: {correlated if known else independent}, the best observed mean would still be"
        f" {number(stats.selection_bias(k, rho if known else 0.0))} standard errors too high on average. Select by"
        " validation accuracy, then test once."
    )


def tested(usage: Usage) -> str:
    """How often the test set was used, on which runs, and their accuracy."""
    runs, lost = usage.runs, ""
    if usage.unreadable:
        lost = f" {usage.unreadable} record{'s' * (usage.unreadable > 1)} of its use cannot be read."
    if not len(runs):
        return "The test set was not used." if not lost else f"Whether the test set was used is unknown.{lost}"
    count, words = sum(map(int, runs["times"])), []
    for variant, own in list(runs.groupby("variant", sort=False))[: 2 * NAMED]:
        seeds = first_few(own["seed"].dropna().astype(int), LEVELS)
        reached = 100 * own["accuracy"].dropna()
        spread = f" ± {number(reached.std(), 1)}" if len(reached) > 1 else ""
        accuracy = f": {number(reached.mean(), 1)}{spread} %" if len(reached) else ""
        words.append(f"{variant} (seed{'s' * (len(own) > 1)} {seeds}{accuracy})" if seeds else f"{variant}")
    more = runs["variant"].nunique() - len(words)
    return (
        f"The test set was used {times(count)}, on {len(runs)} run{'s' * (len(runs) > 1)}: {', '.join(words)}"
        f"{f' and {more} variants more' if more else ''}.{lost}"
    )


def provenance(plan: StudyPlan, runs: pd.DataFrame) -> str:
    """The commit, code and configurations of the numbers."""
    planned = hashlib.sha256("".join(sorted(run.config_sha256 for run in plan.runs)).encode()).hexdigest()
    commits, code = (_names(runs[name]) for name in ("commit", "code_sha256"))
    return (
        f"Study {plan.name}; commit {commits}; training code {code}; configurations {planned[:12]} (sha256); all"
        " numbers are in runs.csv and effects.csv."
    )


def _names(hashes: pd.Series) -> str:
    """The first digits of each hash."""
    return ", ".join(dict.fromkeys(str(name)[:12] for name in hashes.dropna())) or "unknown"
