"""What accuracy costs: median training time against it."""

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from analysis import collect
from analysis.figures.style import BLUE, GREY, STYLE, VERMILLION, WIDTH

NAMED = 12  # points that are named; with more of them, only the best and the baseline


def cost(runs: pd.DataFrame) -> Figure:
    """A point a variant: median time of its completed runs (log scale), mean accuracy with a 95 % t-interval."""
    from scipy.special import stdtrit

    labels = collect.labels(runs)
    groups = runs[runs["status"] == "completed"].dropna(subset="seconds").groupby("variant", sort=False)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, 2.6), layout="constrained")
        axis = figure.subplots()
        times = groups["seconds"].median()
        middle = (times.min() * times.max()) ** 0.5
        best = groups["val_accuracy"].mean().idxmax() if len(groups) else None
        for variant, own in groups:
            accuracy, n = 100 * own["val_accuracy"], len(own)
            half = stdtrit(n - 1, 0.975) * accuracy.sem() if n > 1 else 0.0
            base = variant == collect.BASELINE
            axis.errorbar(
                own["seconds"].median(), accuracy.mean(), half, fmt="s" if base else "o", markersize=4, linewidth=0.9,
                color=VERMILLION if base else BLUE, zorder=3 if base else 2,
            )  # fmt: skip
            if len(groups) <= NAMED or base or variant == best:
                left = own["seconds"].median() > middle  # a name must not leave the figure
                axis.annotate(
                    labels[variant], (own["seconds"].median(), accuracy.mean()), (-4 if left else 4, 3),
                    textcoords="offset points", ha="right" if left else "left", fontsize=6,
                    color="black" if base else GREY,
                )  # fmt: skip
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.25, y=0.12)
        axis.set(xlabel="Median time of a run (s, log scale)", ylabel="Validation accuracy (%)")
    return figure
