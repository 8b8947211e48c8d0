"""The comparisons under other assumptions: sign flips, other images, diverged runs scored at chance."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.formats import difference, p_value, share
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.tables.table import Table
from ablate.analysis.variant_results import pairs
from ablate.runs.metric import ACCURACY, Metric

TESTS_NOTE = (
    "Exploratory. P: (wins + ties / 2) / n with Clopper and Pearson's interval. Sign-flip test: from six seeds; exact"
    f" up to {stats.EXACT} seeds, Monte Carlo (99,999 draws) above; Holm's correction within this table."
)


def further_tests(effects: pd.DataFrame, runs: pd.DataFrame, metric: Metric = ACCURACY) -> pd.DataFrame:
    """Tests of each paired variant that do not assume a normal distribution, as text; the index are the variants."""
    labels, known = collect.labels(runs), pairs(runs, metric).dropna(subset="baseline")
    groups = dict(list(known.groupby("variant")))
    paired = [name for name in effects.loc[effects["test"] == "paired t", "variant"] if name in groups]
    raw = [stats.sign_flip_p(groups[name]["value"] - groups[name]["baseline"]) for name in paired]
    rows = {}
    for name, p, p_holm in zip(paired, raw, stats.holm(raw), strict=True):
        results = groups[name]
        won = stats.win_probability(metric.sign * results["value"], metric.sign * results["baseline"])
        simulated = " (Monte Carlo)" if len(results) > stats.EXACT else ""
        rows[name] = (
            labels[name],
            str(len(results)),
            f"{won.probability:.2f} [{won.low:.2f}, {won.high:.2f}]",
            p_value(p) + simulated,
            p_value(p_holm),
        )
    names = ["Variant", "n (seeds)", "P(beats the baseline) [95 % CI]", "p, sign flips", "p, sign flips (Holm)"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


IMAGES_NOTE = (
    "Exploratory, not corrected. The first interval is conditional on this set of validation images; the second also"
    " holds for other images (seeds and images as crossed random effects) and is never the narrower one."
)


def images(
    effects: pd.DataFrame, crossed: Mapping[str, stats.CrossedInterval], labels: Mapping[str, str]
) -> pd.DataFrame:
    """The differences with their interval over seeds and that over seeds and images, as text."""
    known = effects.set_index("variant")
    rows = []
    for name, both in crossed.items():
        seeds = known.loc[name, ["difference", "ci_low", "ci_high"]]
        rows.append((labels[name], difference(*seeds), difference(100 * both.mean, 100 * both.low, 100 * both.high)))
    return pd.DataFrame(rows, columns=["Variant", "Over seeds (points) [95 % CI]", "Over seeds and images [95 % CI]"])


DIVERGED_NOTE = (
    "Counted: runs whose loss became infinite or NaN, and runs at chance (predictions of one class alone, or accuracy"
    " not above chance by a one-sided exact binomial test at .001). Runs without a result are not counted. Intervals:"
    " Clopper and Pearson. p: Fisher's exact test against the baseline, with a separate Holm correction over the"
    " planned variants. The comparison is made without diverged runs and with them scored at chance; a run at chance"
    " keeps its value. Where the two verdicts disagree, the verdict is inconclusive."
)


def diverged(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT) -> Table:
    """How many runs of each variant diverged, and the comparison without them and with them scored at chance."""
    labels = collect.labels(runs)
    rows = [
        (
            labels[row.variant],
            share(row.diverged, row.ended, stats.proportion_interval(row.diverged, row.ended)),
            p_value(row.p_divergence_holm),
            shown.change(row.difference),
            row.verdict_converged,
            shown.change(row.difference_at_chance),
            row.verdict_at_chance or "not computed",
        )
        for row in effects.itertuples()
    ]
    unit = shown.in_parentheses
    names = ["Variant", "Diverged or at chance (runs) [95 % CI]", "p (Fisher, Holm)",
             f"Difference, both converged{unit}", "Verdict, both converged",
             f"Difference, diverged at chance{unit}", "Verdict, diverged at chance"]  # fmt: skip
    note, looks = DIVERGED_NOTE, effects["planned_looks"].max()
    if looks > 1:
        note += (
            f" p is multiplied by {looks}, the number of planned looks (Bonferroni); it is that of the last look at the"
            " variant, against the baseline's runs up to then."
        )
    return Table("Diverged runs", pd.DataFrame(rows, columns=names), note, tuple(effects["variant"]))
