"""The verdicts of a report as sentences, with the numbers they rest on."""

from typing import Any

import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.formats import number, p_value
from ablate.terminal.text import first_few

VERDICTS = {
    verdict.BETTER: "Better than the baseline",
    verdict.BETTER_WITHIN: "Better than the baseline, by less than the margin",
    verdict.WORSE: "Worse than the baseline",
    verdict.WORSE_WITHIN: "Worse than the baseline, by less than the margin",
    verdict.EQUIVALENT: "Equivalent to the baseline",
    verdict.DIVERGES: "Diverges, or ends at chance, more often than the baseline",
    verdict.CONVERGES: "Diverges, or ends at chance, less often than the baseline",
}
OPEN = {
    verdict.INCONCLUSIVE: "Inconclusive",
    verdict.NOT_TESTABLE: "Not testable (fewer than two shared seeds, or all differences equal)",
}
NAMED = 4  # variants that a sentence names with their numbers; twice as many by name alone


def verdicts(effects: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """The variants of each verdict, one paragraph per verdict."""
    labels, paragraphs = collect.labels(runs), []
    base = effects[effects["variant"] == collect.BASELINE]
    for name, title in VERDICTS.items():
        rows = effects[effects["verdict"] == name]
        rows = rows.reindex(rows["difference_pp"].abs().sort_values(ascending=False, kind="stable").index)
        texts = [f"{labels[row.variant]} ({_evidence(row, base)})" for row in rows.itertuples()]
        if texts:
            paragraphs.append(f"{title}: {first_few(texts, NAMED, '; ')}.")
    for name, title in OPEN.items():
        names = [labels[variant] for variant in effects.loc[effects["verdict"] == name, "variant"]]
        if names:
            paragraphs.append(f"{title}: {first_few(names, 2 * NAMED, '; ')}.")
    return paragraphs


def _evidence(row: Any, base: pd.DataFrame) -> str:
    """The numbers that a verdict rests on."""
    if row.verdict in (verdict.DIVERGES, verdict.CONVERGES):
        against = f" against {base['diverged'].iloc[0]} of {base['ended'].iloc[0]}" if len(base) else ""
        return (
            f"{row.diverged} of {row.ended} runs{against}, Holm p of Fisher's exact test"
            f" {p_value(row.p_divergence_holm)}"
        )
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
