"""Live view of a study: progress, one line with a learning curve per run, and failures."""

import math
import textwrap
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.runs.metric import ACCURACY, Metric
from ablate.runs.statuses import ENDED, FAILED
from ablate.study.live_view import RunView, StudyView
from ablate.study.time_estimate import time_left
from ablate.terminal.output import BLOCKS
from ablate.terminal.text import duration, plural, printable
from ablate.terminal.wrap import breaks

# In the order in which runs are shown if they do not all fit.
COLORS = {"running": "cyan", "failed": "red", "unreadable": "red", "interrupted": "yellow", "stale": "yellow",
          "diverged": "magenta", "pruned": "blue", "completed": "green", "missing": "bright_black"}  # fmt: skip
ORDER = list(COLORS)
WIDE, NARROW = 94, 70  # characters of a terminal with long curves, and of one with short curves
CURVE_WIDTH, NARROW_CURVE_WIDTH = 24, 10  # characters
OTHER_WIDTH = 54  # of the columns beside the variant and the curve, at most
LOG_LINES = 4  # of a failed run
MAX_ERRORS = 3  # different error messages
OTHER_LINES = 7  # lines of a view in addition to runs and failures


def view(study: StudyView, width: int, height: int) -> Group:
    """Render a study in at most `height` lines of `width` characters; a tiny height is exceeded by a few lines."""
    runs = study.runs
    errors = failures(runs, width)[: max(0, (height - OTHER_LINES) // 2)]
    max_lines = max(1, height - OTHER_LINES - bool(study.queue) - len(errors))
    shown = fitting(runs, max_lines, width)
    if len(shown) < len(runs):
        shown = fitting(sorted(runs, key=lambda run: ORDER.index(run.status)), max_lines, width)
    hidden = Counter(run.status for run in runs)
    hidden.subtract(run.status for run in shown)
    parts: list[RenderableType] = [
        headline(study),
        progress(runs, width),
        Text(study.stages, no_wrap=True, overflow="ellipsis"),
        *([Text(study.queue, no_wrap=True, overflow="ellipsis")] if study.queue else []),
        table(shown, scale(runs), width, study.metric),
    ]
    if len(shown) < len(runs):
        parts.append(Text(f"{len(runs) - len(shown)} more: {status_counts(+hidden)}", style="bright_black"))
    return Group(*parts, *errors)


def headline(study: StudyView) -> Text:
    """The study's name and how many of its runs have each status."""
    runs = study.runs
    line = Text(printable(study.name), style="bold", no_wrap=True, overflow="ellipsis")
    line.append(f"  {plural(len(runs), 'run')}", style="not bold")
    counts = Counter(run.status for run in runs)
    for status in [status for status in ORDER if counts[status]]:
        line.append(f"  {counts[status]} {status}", style=f"not bold {COLORS[status]}")
    return line


def status_counts(counts: Counter[str]) -> str:
    """Format counts: `980 completed, 8 missing`."""
    return ", ".join(f"{counts[status]} {status}" for status in ORDER if counts[status])


def progress(runs: Sequence[RunView], width: int) -> Table:
    """A progress bar over all epochs, and the estimated time left."""
    line = Table.grid(padding=(0, 2, 0, 0))
    fraction = sum(map(done_fraction, runs)) / len(runs)
    line.add_row(
        ProgressBar(1, fraction, width=CURVE_WIDTH if width >= WIDE else NARROW_CURVE_WIDTH),
        Text(f"{100 * fraction:.0f} %"),
        Text(time_left(runs, probe=False), no_wrap=True, overflow="ellipsis"),
    )
    return line


def done_fraction(run: RunView) -> float:
    """Fraction of the epochs of a run that are done; 1 if the run has ended."""
    if run.status in ENDED:
        return 1.0
    return min(1.0, run.done / run.planned) if run.planned else 0.0


def scale(runs: Sequence[RunView]) -> tuple[float, float]:
    """The lowest and highest value of the metric in all runs: the common scale of their curves."""
    limits = [run.epochs.limits for run in runs if run.epochs.limits]
    return (min(low for low, _ in limits), max(high for _, high in limits)) if limits else (0.0, 1.0)


def table(runs: Sequence[RunView], limits: tuple[float, float], width: int, metric: Metric = ACCURACY) -> Table:
    """One row per run."""
    padding = 2 if width >= WIDE else 1
    result = Table(box=None, padding=(0, padding, 0, 0), pad_edge=False, header_style="bright_black")
    result.add_column("variant")
    for name in ("seed", "status", "epoch", "val. acc." if metric.is_accuracy else metric.name):
        result.add_column(name, no_wrap=True, justify="left" if name == "status" else "right")
    low, high = (f"{metric.scale * limit:.{0 if metric.unit == '%' else 3}f}" for limit in limits)
    if curve_width := width_of_curves(width):
        result.add_column(f"{low} to {high} {metric.unit}".rstrip(), no_wrap=True, min_width=curve_width)
    result.add_column("time", no_wrap=True, justify="right", min_width=10)
    for run in runs:
        curve = sparkline(run.epochs.values, run.planned, limits, curve_width)
        result.add_row(
            Text(printable(run.variant), no_wrap=width < NARROW, overflow="ellipsis"),
            str(run.seed),
            Text(run.status, style=COLORS[run.status]),
            f"{run.done}/{run.planned or '?'}" if run.done or run.planned else "",
            last_value(run, metric),
            *([Text(curve, style=COLORS[run.status])] if curve_width else []),
            run_time(run),
        )
    return result


def width_of_curves(width: int) -> int:
    """Characters of a curve in a terminal of `width` characters; 0 if there is no space for curves."""
    if width >= WIDE:
        return CURVE_WIDTH
    return NARROW_CURVE_WIDTH if width >= NARROW else 0


def fitting(runs: Sequence[RunView], lines: int, width: int) -> list[RunView]:
    """The first runs whose rows fit into this many lines, at least one. A long name of a variant has several lines."""
    space = width - OTHER_WIDTH - width_of_curves(width)
    chosen: list[RunView] = []
    for run in runs:
        lines -= 1 + (len(breaks(run.variant, space)) if width >= NARROW else 0)
        if lines < 0 and chosen:
            break
        chosen.append(run)
    return chosen


def last_value(run: RunView, metric: Metric) -> str:
    """The metric after the last epoch; of a run without epochs its result."""
    value = run.epochs.values[-1] if run.epochs.values else run.state.value(metric.name)
    return "" if value is None else metric.text(value)


def run_time(run: RunView) -> str:
    """Duration of a finished run, or time left of a running one."""
    if run.status == "running" and run.seconds_left is not None:
        return f"{duration(run.seconds_left)} left"
    total = run.state.total_seconds
    return duration(total) if total is not None and 0 <= total < math.inf else ""


def sparkline(
    values: Sequence[float], planned: int | None, limits: tuple[float, float], width: int = CURVE_WIDTH
) -> str:
    """Draw a curve of block characters.

    Args:
        values: one value per epoch; NaN is a gap.
        planned: number of planned epochs. If it exceeds `width`, each character stands for several epochs and shows the
            last of them.
        limits: values of the lowest and the highest block.
        width: largest number of characters.
    """
    low, high = limits
    epochs = max(planned or 0, len(values), 1)
    columns = min(width, epochs)
    curve = ""
    for column in range(columns):
        epoch = (column + 1) * epochs // columns
        if epoch > len(values):
            break
        value = values[epoch - 1]
        level = (value - low) / (high - low) if high > low else 1.0
        curve += " " if math.isnan(value) else BLOCKS[round(level * (len(BLOCKS) - 1))]
    return curve


def failures(runs: Sequence[RunView], width: int) -> list[Text]:
    """Lines about failed runs: each error message once, with its first run and the end of that run's log."""
    errors: dict[str, list[RunView]] = {}
    for run in runs:
        if run.status in FAILED:
            errors.setdefault(printable(run.state.reason), []).append(run)
    lines = [line for error, failed in list(errors.items())[:MAX_ERRORS] for line in failure(error, failed, width)]
    if len(errors) > MAX_ERRORS:
        count = sum(len(failed) for failed in list(errors.values())[MAX_ERRORS:])
        lines.append(Text(f"and {count} more with other errors", style="red"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return [Text(), *lines] if lines else []


def failure(error: str, failed: Sequence[RunView], width: int) -> list[Text]:
    """Lines about runs that failed with the same error message."""
    first = failed[0]
    name = first.folder if first.folder != "." else "the run"
    others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return [
        Text(f"{name}{others} {first.status}", style="red"),
        *(Text(f"  {line}") for line in textwrap.wrap(error, max(20, width - 2))[:3]),
        *(Text(f"  {line}", style="bright_black") for line in first.log[-LOG_LINES:]),
    ]
