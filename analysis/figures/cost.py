"""What accuracy costs: median training time against it."""

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from ablate.analysis import collect
from ablate.analysis.figures.style import BLUE, GREY, STYLE, VERMILLION, WIDTH, broken

NAMED = 12  # points that are named; with more of them, only the best and the baseline


def cost(runs: pd.DataFrame) -> Figure:
    """A point a variant: median time of its completed runs (log scale), mean accuracy with a 95 % t-interval."""
    from scipy.special import stdtrit

    labels = collect.labels(runs)
    groups = runs[runs["status"] == "completed"].dropna(subset="seconds").groupby("variant", sort=False)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, max(2.6, 0.6 + 0.22 * min(len(groups), NAMED))), layout="constrained")
        axis = figure.subplots()
        times = groups["seconds"].median()
        accuracy = 100 * groups["val_accuracy"].mean()
        n = groups["val_accuracy"].count()
        half = (100 * stdtrit(n - 1, 0.975) * groups["val_accuracy"].sem()).where(n > 1, 0)
        base = times.index == collect.BASELINE
        for mark, which, colour in (("o", ~base, BLUE), ("s", base, VERMILLION)):
            axis.errorbar(
                times[which], accuracy[which], half[which], fmt=mark, markersize=4, linewidth=0.9, color=colour,
                zorder=3 if mark == "s" else 2,
            )  # fmt: skip
        few = len(times) <= NAMED
        named = accuracy if few else accuracy[accuracy.index.isin((collect.BASELINE, accuracy.idxmax()))]
        # Names stand in a column beside the plot, in the order of their points, for there they cannot overlap.
        for place, variant in enumerate(named.sort_values(kind="stable").index):
            axis.annotate(
                broken(labels[variant], 22), (times[variant], accuracy[variant]),
                (1.04, (place + 0.5) / len(named)), textcoords="axes fraction", va="center", fontsize=7,
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 2},
            )  # fmt: skip
        axis.set_xscale("log")
        narrow = not times.max() > 4 * times.min()
        axis.xaxis.set_major_locator(MaxNLocator(5) if narrow else LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.12, y=0.12)
        axis.set(xlabel="Median time of a run (s, log scale)", ylabel="Validation accuracy (%)")
    return figure
