"""How far a study is: `ablate plan` before anything is started, `ablate status STUDY` after; `watch` while it runs."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ablate.runs import epochs, record
from ablate.study import plan
from ablate.terminal.errors import InputError

TO_DO = ("missing", "running", "interrupted", "failed", "stale", "unreadable")


def preview(
    study: dict[str, Any], config: DictConfig, probe: Callable[[list[dict[str, Any]]], dict[str, float]]
) -> None:
    """Print the plan as `status` would, the study's folder being what it is now; nothing is written.

    `probe` tells how many seconds a run takes, by variant, of variants that have no finished run.

    Raises:
        InputError: the folder holds another study.
    """
    folder = Path(config.hydra.sweep.dir)
    plan.extended(folder, study, config.study.extend)
    statuses = [(run, record.read_planned(folder, run)["status"]) for run in study["runs"]]
    timed = {run["variant"] for run, status in statuses if status in record.OUTCOMES}
    Console().print(table(folder, study, probe([run for run in study["runs"] if run["variant"] not in timed])))


def table(folder: Path, study: dict[str, Any], probed: Mapping[str, float] = MappingProxyType({})) -> Group:
    """A row a variant: how many of its runs have each status; below, all of them and the time that is left."""
    found = [record.read_planned(folder, run) for run in study["runs"]]
    columns = [status for status in (*record.OUTCOMES, *TO_DO) if any(run["status"] == status for run in found)]
    counts: dict[str, Counter[str]] = {}
    for planned, run in zip(study["runs"], found, strict=True):
        counts.setdefault(planned["variant"], Counter())[run["status"]] += 1

    drawn = Table(box=SIMPLE_HEAD, show_footer=True)
    drawn.add_column("variant", footer="all", overflow="fold")
    for status in columns:
        of_all = sum(count[status] for count in counts.values())
        drawn.add_column(status, footer=str(of_all), justify="right")
    for variant, count in counts.items():
        drawn.add_row(Text(variant), *(str(count[status] or "") for status in columns))
    title = f"Study {study['name']}, design {study.get('design')}, seeds {_listed(study['seeds'])}"
    total = f"{len(found)} runs of {len(counts)} variants. {estimate(study, found, probed)}"
    running = [
        Text(f"{planned['folder']}  {_epoch(folder / planned['folder'])}")
        for planned, run in zip(study["runs"], found, strict=True)
        if run["status"] == "running"
    ]
    return Group(Text(title), drawn, *running, Text(total))


def _epoch(folder: Path) -> str:
    """The last epoch of a run that is under way: `epoch 3, validation accuracy 61.5 %`."""
    try:
        row = epochs.read(folder / "metrics.csv")[-1]
        return f"epoch {row['epoch']:.0f}, validation accuracy {100 * row['val_accuracy']:.1f} %"
    except (InputError, IndexError, KeyError):  # not written yet
        return "started"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) <= 10 else f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"


def estimate(
    study: dict[str, Any], found: Sequence[dict[str, Any]], probed: Mapping[str, float] = MappingProxyType({})
) -> str:
    """The time that is left if one run follows another: the median of the variant's finished runs, else of all.

    `probed` are seconds for variants that have none.
    """
    to_do = [
        planned["variant"]
        for planned, run in zip(study["runs"], found, strict=True)
        if run["status"] not in record.OUTCOMES
    ]
    if not to_do:
        return "All done."
    seconds = expected(study["runs"], found, probed)
    if seconds is None:
        return "How long they take is not known before the first is done; `ablate plan --probe` guesses it."
    return f"{len(to_do)} to do, about {duration(sum(seconds[variant] for variant in to_do))} one after another."


def expected(
    planned: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]], probed: Mapping[str, float]
) -> dict[str, float] | None:
    """Seconds a run takes, by variant: the median of its finished ones, else `probed`, else the median of all of these.

    None if nothing is known of any.
    """
    seconds = {variant: [guess] for variant, guess in probed.items()}
    for entry, run in zip(planned, found, strict=True):
        took = (run.get("seconds") or {}).get("total") if run["status"] in record.OUTCOMES else None
        if took is not None and math.isfinite(took):  # a record from elsewhere may say anything
            seconds.setdefault(entry["variant"], []).append(took)
    usual = [statistics.median(time for times in seconds.values() for time in times)] if seconds else []
    variants = {entry["variant"] for entry in planned}
    return {variant: statistics.median(seconds.get(variant, usual)) for variant in variants} if usual else None


def duration(seconds: float) -> str:
    """`45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
