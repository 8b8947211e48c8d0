"""How far a study is: `ablate plan` before anything is started, `ablate status STUDY` while it runs and after."""

import argparse
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ablate import record
from ablate.study import plan

REFRESH = 1.0  # seconds between two looks at the folder
TO_DO = ("missing", "running", "interrupted", "failed", "stale", "unreadable")


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser("ablate status", description="How far a study is: its planned runs by status.")
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of a study, or its name under outputs/")
    parser.add_argument("--watch", action="store_true", help="refresh until no run is left to do; Ctrl-C ends it")
    given = parser.parse_args(words)
    folder = record.find_study(given.study)
    console = Console()
    if not given.watch:
        console.print(table(folder, record.read_study(folder)))
        return 0
    with Live(console=console) as live:
        while True:
            study = record.read_study(folder)
            live.update(table(folder, study), refresh=True)
            if not left(folder, study):
                return 0
            time.sleep(REFRESH)


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


def left(folder: Path, study: dict[str, Any]) -> int:
    """How many planned runs have no outcome yet."""
    return sum(record.read_planned(folder, run)["status"] in TO_DO for run in study["runs"])


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
        header, *rows = (folder / "metrics.csv").read_text().splitlines()
        row = dict(zip(header.split(","), rows[-1].split(","), strict=True))
        return f"epoch {row['epoch']}, validation accuracy {100 * float(row['val_accuracy']):.1f} %"
    except (OSError, ValueError, IndexError, KeyError):  # not written yet, or just being written
        return "started"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) <= 10 else f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"


def estimate(
    study: dict[str, Any], found: Sequence[dict[str, Any]], probed: Mapping[str, float] = MappingProxyType({})
) -> str:
    """The time that is left if one run follows another: the median of the variant's finished runs, else of all.

    `probed` are seconds for variants that have none.
    """
    seconds = {variant: [guess] for variant, guess in probed.items()}
    to_do = []
    for planned, run in zip(study["runs"], found, strict=True):
        if run["status"] in record.OUTCOMES:
            took = (run.get("seconds") or {}).get("total")
            if took is not None and math.isfinite(took):  # a record from elsewhere may say anything
                seconds.setdefault(planned["variant"], []).append(took)
        else:
            to_do.append(planned["variant"])
    if not to_do:
        return "All done."
    if not seconds:
        return "How long they take is not known before the first is done; `ablate plan --probe` guesses it."
    usual = statistics.median(time for times in seconds.values() for time in times)
    total = sum(statistics.median(seconds.get(variant, [usual])) for variant in to_do)
    return f"{len(to_do)} to do, about {_duration(total)} one after another."


def _duration(seconds: float) -> str:
    """`45 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
