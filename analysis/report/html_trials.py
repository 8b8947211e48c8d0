"""The pictures of a search in report.html: the best value so far, and the value against each parameter."""

import math
from collections.abc import Iterator

import pandas as pd
from markupsafe import Markup

from ablate.analysis.formats import significant
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.html_axis import Axis, padded
from ablate.analysis.search import Search
from ablate.runs.metric import LARGEST
from ablate.terminal.text import plural, printable, shortened

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 210, 52, 34, 10  # pixels
MOST_LEVELS = 8  # named below a picture
LOG_RATIO = 30  # of the largest to the smallest value, from which an axis is logarithmic


def pictures(search: Search, shown: MetricFormat) -> list[tuple[str, Markup]]:
    """Each picture with its caption; none if no trial is completed."""
    trials = search.trials.assign(value=shown.metric.scale * search.trials["value"])
    trials["best"] *= shown.metric.scale
    completed = trials.dropna(subset="value")
    if not len(completed):
        return []
    axis = padded([*completed["value"]], HEIGHT - BOTTOM, TOP)
    lost = f" Crosses mark {plural(len(trials) - len(completed), 'trial that is', 'trials that are')} not completed."
    drawn = [
        (
            f"{shown.header} of each trial, and the best so far ({shown.better})."
            + lost * (len(trials) > len(completed)),
            _picture(axis, shown, _history(trials, axis), "Trial"),
        )
    ]
    for name in search.parameters:
        if completed[name].nunique() > 1:
            caption = f"{shown.header} against {printable(name)}."
            drawn.append((caption, _picture(axis, shown, _slice(completed, name, axis), printable(name))))
    return drawn


def _picture(axis: Axis, shown: MetricFormat, marks: Iterator[Markup], name: str) -> Markup:
    """Marks with the axis of the metric, which all pictures share."""
    ticks = [
        Markup('<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" class="left">{}</text>').format(
            LEFT, axis.at(tick), WIDTH, LEFT - 6, axis.at(tick) + 4, f"{tick:.6g}".replace("-", "−")
        )
        for tick in axis.ticks()
    ]
    label = Markup('<text x="{}" y="{}">{}</text>').format((WIDTH + LEFT) / 2, HEIGHT - 3, shortened(name, 50))
    svg = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return svg.format(WIDTH, HEIGHT, f"{shown.header} against {name}", Markup().join([*ticks, *marks, label]))


def _history(trials: pd.DataFrame, axis: Axis) -> Iterator[Markup]:
    """The trials in their order, and the best value so far as steps."""
    across = padded([*trials["trial"]], LEFT, WIDTH)
    yield from _numbers_below(across, trials["trial"].nunique())
    path = ""
    for row in trials.dropna(subset="best").itertuples():
        path += (
            f"H{across.at(row.trial)}V{axis.at(row.best)}" if path else f"M{across.at(row.trial)} {axis.at(row.best)}"
        )
    yield Markup('<path class="best" d="{}"/>').format(path + f"H{WIDTH}")
    for row in trials.itertuples():
        if math.isnan(row.value):
            yield Markup('<path class="lost" d="M{} {}l6 6m0-6-6 6"/>').format(
                across.at(row.trial) - 3, HEIGHT - BOTTOM - 8
            )
        else:
            yield _dot(across.at(row.trial), axis.at(row.value))


def _slice(completed: pd.DataFrame, name: str, axis: Axis) -> Iterator[Markup]:
    """The completed trials against one parameter: a number, or a category."""
    levels = pd.to_numeric(completed[name], errors="coerce")
    if (levels.abs() <= LARGEST).all():  # infinity has no place on an axis
        across = padded([*levels], LEFT, WIDTH, log=levels.max() > LOG_RATIO * levels.min())
        yield from _numbers_below(across, levels.nunique())
        places = [across.at(level) for level in levels]
    else:
        order = list(dict.fromkeys(completed[name]))
        width = (WIDTH - LEFT) / len(order)
        places = [LEFT + width * (order.index(level) + 0.5) for level in completed[name]]
        for position, level in enumerate(order if len(order) <= MOST_LEVELS else []):
            yield Markup('<text x="{:.1f}" y="{}">{}</text>').format(
                LEFT + width * (position + 0.5), HEIGHT - 19, printable(shortened(level, max(4, int(width / 7))))
            )
    for place, value in zip(places, completed["value"], strict=True):
        yield _dot(place, axis.at(value))


def _numbers_below(across: Axis, distinct: int) -> Iterator[Markup]:
    """The ticks of the horizontal axis."""
    for tick in across.ticks():
        if distinct > 1:  # one value has no scale
            text = significant(tick, 2) if 1e-3 <= abs(tick) < 1 else f"{tick:g}".replace("-", "−")
            yield Markup('<text x="{}" y="{}">{}</text>').format(across.at(tick), HEIGHT - 19, text)


def _dot(x: float, y: float) -> Markup:
    return Markup('<circle class="trial" cx="{:.1f}" cy="{}" r="3.5"/>').format(x, y)
