"""The verdicts of a report as sentences: what they mean, and the numbers they rest on."""

from typing import Any

import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.formats import p_value
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.terminal.text import first_few, plural

VERDICTS = {
    verdict.BETTER: "Better than the baseline",
    verdict.BETTER_WITHIN: "Better than the baseline, by less than the margin",
    verdict.WORSE: "Worse than the baseline",
    verdict.WORSE_WITHIN: "Worse than the baseline, by less than the margin",
    verdict.EQUIVALENT: "Equivalent to the baseline",
    verdict.DIVERGES: "Diverges, or ends at chance, more often than the baseline",
    verdict.CONVERGES: "Diverges, or ends at chance, less often than the baseline",
}
NAMED = 4  # variants that a sentence names with their numbers; twice as many by name alone


def paired_or_not(tests: pd.DataFrame) -> str:
    """Whether differences are paired by seed, a clause without its full stop.

    Args:
        tests: frame of `effects`, or of another comparison with its columns n and test.
    """
    paired, unpaired = _has(tests, "paired t"), _has(tests, "Welch's t")
    if paired and unpaired:
        return "Differences are paired by seed where seeds are shared, else unpaired (Welch's t)"
    return "Differences are unpaired (Welch's t)" if unpaired else "Differences are paired by seed"


def tests(effects: pd.DataFrame, shown: MetricFormat) -> str:
    """The tests of difference and of equivalence, a sentence.

    Args:
        effects: frame of `effects`.
        shown: how the metric is printed, with the margin.
    """
    paired, unpaired = _has(effects, "paired t"), _has(effects, "Welch's t")
    test = "Runs are paired by seed; intervals and p-values are Student's t on the differences"
    within = f"; equivalence within {shown.margin} by two one-sided tests, corrected separately"
    if unpaired and paired:
        test += ", and Welch's t for variants that share no seed with the baseline"
        within += ", for paired variants only"
    elif unpaired:
        test = (
            "Runs are unpaired, as no variant shares a seed with the baseline; intervals and p-values are Welch's t"
            " over all runs"
        )
        within = "; equivalence is not tested for unpaired runs"
    return f"{test}, two-sided at 0.05 after Holm's correction for {_family(effects)}{within if shown.margin else ''}."


def _has(effects: pd.DataFrame, test: str) -> bool:
    """Whether a variant with results was compared by this test."""
    return bool((effects["test"].eq(test) & (effects["n"] > 0)).any())


def _family(effects: pd.DataFrame) -> str:
    return f"the {plural(int((effects['variant'] != collect.BASELINE).sum()), 'planned variant')}"


def verdicts(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT) -> list[str]:
    """The variants of each verdict, one paragraph per verdict."""
    labels, paragraphs = collect.labels(runs), []
    base = effects[effects["variant"] == collect.BASELINE]
    for name, title in VERDICTS.items():
        rows = effects[effects["verdict"] == name]
        rows = rows.reindex(rows["difference"].abs().sort_values(ascending=False, kind="stable").index)
        texts = [f"{labels[row.variant]} ({_evidence(row, base, shown)})" for row in rows.itertuples()]
        if texts:
            paragraphs.append(f"{title}: {first_few(texts, NAMED, '; ')}.")
    untested = effects["verdict"] == verdict.NOT_TESTABLE
    equal = untested & (effects["n"] > 1) & (effects["test"] == "paired t")
    for title, chosen in (
        ("Inconclusive", effects["verdict"] == verdict.INCONCLUSIVE),
        ("Not testable, as all differences are equal", equal),
        ("Not testable, as there are fewer than two shared seeds", untested & ~equal),
    ):
        names = [labels[variant] for variant in effects.loc[chosen, "variant"]]
        if names:
            paragraphs.append(f"{title}: {first_few(names, 2 * NAMED, '; ')}.")
    return paragraphs


def rule(effects: pd.DataFrame, shown: MetricFormat) -> str:
    """What the verdicts mean: those of difference, and the others where they occur or can.

    Args:
        effects: frame of `effects`.
        shown: how the metric is printed, with the margin.
    """
    sentences = [f"Better or worse: p of the difference below 0.05 after Holm's correction for {_family(effects)}."]
    unpaired = _has(effects, "Welch's t")
    if shown.margin and (_has(effects, "paired t") or not unpaired):
        sentences.append(
            f"Equivalent, or within the margin: the difference lies within {shown.margin}, p of two one-sided tests"
            " below 0.05 after a separate Holm correction; the matching interval is the 90 % CI."
        )
    if shown.margin and unpaired:
        sentences.append("Variants that share no seed with the baseline are not tested for equivalence.")
    if effects["diverged"].any():
        sentences.append(
            "Diverges or converges: runs diverge or end at chance more or less often than the baseline's, p of"
            " Fisher's exact test below 0.05 after a separate Holm correction."
        )
    if (effects["verdict"] == verdict.NOT_TESTABLE).any():
        sentences.append(f"Not testable: {verdict.UNTESTED}.")
    return " ".join([*sentences, "Inconclusive: none of these."])


def interaction(contrasts: pd.DataFrame | None, shown: MetricFormat = PERCENT) -> list[str]:
    """A sentence on the interaction, if one only can be estimated; several are a figure.

    Args:
        contrasts: frame of `stats.contrasts` with the column `p_holm`; None if the study has none.
    """
    if contrasts is None:
        return []
    crossed = contrasts[contrasts["kind"] == "interaction"]
    crossed = crossed[crossed["mean"].notna()] if len(crossed) > 1 else crossed
    if len(crossed) != 1:
        return []
    row = crossed.iloc[0]
    scale = shown.metric.scale
    interval = f"95 % CI {shown.bare(scale * row.low)} to {shown.bare(scale * row.high)}"
    tested = "not testable" if pd.isna(row.p) else f"{interval}, n = {row.n}, Holm p {p_value(row.p_holm)}"
    return [
        f"Interaction (exploratory) of {row.factor}={row.level} and {row.factor_2}={row.level_2}: their effect"
        f" together minus the sum of their separate effects is {shown.plain(scale * row['mean'])}, {tested}."
    ]


def _evidence(row: Any, base: pd.DataFrame, shown: MetricFormat) -> str:
    """The numbers that a verdict rests on."""
    if row.verdict in (verdict.DIVERGES, verdict.CONVERGES):
        against = f" against {base['diverged'].iloc[0]} of {base['ended'].iloc[0]}" if len(base) else ""
        return (
            f"{row.diverged} of {row.ended} runs{against}, Holm p of Fisher's exact test"
            f" {p_value(row.p_divergence_holm)}"
        )
    text = shown.plain(row.difference)
    equivalence = (
        f"90 % CI {shown.bare(row.equivalence_low)} to {shown.bare(row.equivalence_high)}, Holm p of"
        f" equivalence {p_value(row.p_equivalence_holm)}"
    )
    if row.verdict == verdict.EQUIVALENT:
        return f"{text}, n = {row.n}, {equivalence}"
    text += f", 95 % CI {shown.bare(row.ci_low)} to {shown.bare(row.ci_high)}, n = {row.n}"
    text += f", Holm p {p_value(row.p_holm)}"
    return text if row.verdict in (verdict.BETTER, verdict.WORSE) else f"{text}; {equivalence}"
