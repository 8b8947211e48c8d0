"""A study in a terminal: its progress, a line and a curve per run, and what failed."""

import math
import textwrap
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.runs.statuses import ENDED, FAILED
from ablate.study.snapshot import RunView, StudyView
from ablate.study.time_estimate import duration, expected
from ablate.terminal.text import printable

# In the order in which runs are shown that do not fit all.
COLORS = {"running": "cyan", "failed": "red", "unreadable": "red", "interrupted": "yellow", "stale": "yellow",
          "diverged": "magenta", "pruned": "blue", "completed": "green", "missing": "bright_black"}  # fmt: skip
ORDER = list(COLORS)
CURVE = 24  # characters
BLOCKS = "▁▂▃▄▅▆▇█"
LINES, ERRORS = 4, 3  # of a failed run's log; errors that are shown
AROUND = 7  # lines of a view beside its runs and failures


def view(study: StudyView, width: int, height: int) -> Group:
    """At most `height` lines of `width` characters, if that many can hold anything."""
    runs = study.runs
    errors = failures(runs, width)[: max(0, (height - AROUND) // 2)]
    fit = max(1, height - AROUND - len(errors))
    shown = list(runs)
    if len(runs) > fit:
        shown = sorted(runs, key=lambda run: ORDER.index(run.status))[:fit]
    hidden = Counter(run.status for run in runs)
    hidden.subtract(run.status for run in shown)
    parts: list[RenderableType] = [headline(study), progress(runs), Text(), table(shown, scale(runs), width)]
    if len(shown) < len(runs):
        parts.append(Text(f"{len(runs) - len(shown)} more: {counted(+hidden)}", style="bright_black"))
    return Group(*parts, *errors)


def headline(study: StudyView) -> Text:
    """The study's name and how many of its runs have each status."""
    runs = study.runs
    line = Text(printable(study.name), style="bold", no_wrap=True, overflow="ellipsis")
    line.append(f"  {len(runs)} {'run' if len(runs) == 1 else 'runs'}", style="not bold")
    counts = Counter(run.status for run in runs)
    for status in [status for status in ORDER if counts[status]]:
        line.append(f"  {counts[status]} {status}", style=f"not bold {COLORS[status]}")
    return line


def counted(counts: Counter[str]) -> str:
    """`980 completed, 8 missing`."""
    return ", ".join(f"{counts[status]} {status}" for status in ORDER if counts[status])


def progress(runs: Sequence[RunView]) -> Table:
    """A bar of the epochs that are done, and the time that is left."""
    line = Table.grid(padding=(0, 2, 0, 0))
    share = sum(map(behind, runs)) / len(runs)
    line.add_row(
        ProgressBar(1, share, width=CURVE),
        Text(f"{100 * share:.0f} %"),
        Text(left(runs), no_wrap=True, overflow="ellipsis"),
    )
    return line


def behind(run: RunView) -> float:
    """The share of a run that is behind it."""
    if run.status in ENDED:
        return 1.0
    return min(1.0, run.done / run.of) if run.of else 0.0


def left(runs: Sequence[RunView]) -> str:
    """The time until the last run ends, if as many go on side by side as do now; a failed one is not run again."""
    waiting = [run for run in runs if run.status not in ENDED]
    running = [run for run in runs if run.status == "running"]
    if not waiting:
        return "all runs have ended"
    if not running:
        return f"none is running, {len(waiting)} to do: the study's command resumes them"
    # A variant without a finished run: by the epochs of its run so far.
    probed = {run.variant: run.epochs.pace * run.of for run in running if run.epochs.pace and run.of}
    seconds = expected([run.variant for run in runs], [run.state for run in runs], probed)
    if seconds is None:
        return "the time left is known after the first epoch"
    rest = [own_time(run) or seconds[run.variant] * (1 - behind(run)) for run in waiting]
    longest = max(rest)  # no run is shared out
    at_once = f", {len(running)} at once" if len(running) > 1 else ""
    return f"about {duration(max(longest, sum(rest) / len(running)))} left{at_once}"


def own_time(run: RunView) -> float | None:
    """Seconds until a run ends, by its own epochs; None if that cannot be known yet."""
    if run.status == "running" and run.epochs.pace is not None and run.of:
        return run.epochs.pace * max(0, run.of - run.done)
    return None


def scale(runs: Sequence[RunView]) -> tuple[float, float]:
    """The lowest and the highest validation accuracy of all runs, which their curves share."""
    limits = [run.epochs.limits for run in runs if run.epochs.limits]
    return (min(low for low, _ in limits), max(high for _, high in limits)) if limits else (0.0, 1.0)


def table(runs: Sequence[RunView], limits: tuple[float, float], width: int) -> Table:
    """A line a run."""
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bright_black")
    drawn.add_column("variant")  # the one that gives way where a terminal is narrow
    for name in ("seed", "status", "epoch", "val. acc."):
        drawn.add_column(name, no_wrap=True, justify="left" if name == "status" else "right")
    curves = width >= 70 + CURVE  # a narrow terminal does without
    if curves:
        drawn.add_column(f"{100 * limits[0]:.0f} to {100 * limits[1]:.0f} %", no_wrap=True, width=CURVE)
    drawn.add_column("time", no_wrap=True, justify="right", min_width=10)
    for run in runs:
        accuracies = run.epochs.accuracies
        curve = [Text(sparkline(accuracies, run.of, limits), style=COLORS[run.status])] if curves else []
        drawn.add_row(
            Text(printable(run.variant), no_wrap=True, overflow="ellipsis"),
            str(run.seed),
            Text(run.status, style=COLORS[run.status]),
            f"{run.done}/{run.of or '?'}" if run.done or run.of else "",
            f"{100 * accuracies[-1]:.1f} %" if accuracies else "",
            *curve,
            time(run),
        )
    return drawn


def time(run: RunView) -> str:
    """What a run took, or what is left of one that runs."""
    if (rest := own_time(run)) is not None:
        return f"{duration(rest)} left"
    total = run.state.total_seconds
    return duration(total) if total is not None and 0 <= total < math.inf else ""


def sparkline(values: Sequence[float], planned: int | None, limits: tuple[float, float], width: int = CURVE) -> str:
    """A block an epoch, or the last of several that share a place if more are `planned` than `width`; NaN is a gap."""
    low, high = limits
    epochs = max(planned or 0, len(values), 1)
    places = min(width, epochs)
    drawn = ""
    for place in range(places):
        upto = (place + 1) * epochs // places  # epochs at the end of this place
        if upto > len(values):
            break
        value = values[upto - 1]
        level = (value - low) / (high - low) if high > low else 1.0
        drawn += " " if math.isnan(value) else BLOCKS[round(level * (len(BLOCKS) - 1))]
    return drawn


def failures(runs: Sequence[RunView], width: int) -> list[Text]:
    """What failed, line by line: each error once, with its first run and the end of that run's log."""
    errors: dict[str, list[RunView]] = {}
    for run in runs:
        if run.status in FAILED:
            errors.setdefault(printable(run.state.reason), []).append(run)
    lines = [line for error, failed in list(errors.items())[:ERRORS] for line in failure(error, failed, width)]
    if len(errors) > ERRORS:
        count = sum(len(failed) for failed in list(errors.values())[ERRORS:])
        lines.append(Text(f"and {count} more, with other errors", style="red"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return [Text(), *lines] if lines else []


def failure(error: str, failed: Sequence[RunView], width: int) -> list[Text]:
    """An error that some runs ended with."""
    first = failed[0]
    where = first.folder if first.folder != "." else "the run"
    others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return [
        Text(f"{where}{others} {first.status}", style="red"),
        *(Text(f"  {part}") for part in textwrap.wrap(error, max(20, width - 2))[:3]),
        *(Text(f"  {line}", style="bright_black") for line in first.log[-LINES:]),
    ]
