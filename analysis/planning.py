"""`ablate plan --power`: what a study could find, before it; what more seeds would decide, after."""

import shlex
from pathlib import Path
from typing import Any

from ablate import record
from analysis import collect, stats
from analysis.effects import differences, effects

POWER, ALPHA = 0.8, 0.05
MOST = 1000  # seeds; more are not worth a command


def smallest(n: int, comparisons: int) -> str:
    """The smallest difference that so many seeds find, a sentence."""
    if n < 2:
        return "With one seed nothing can be tested: the study is descriptive."
    size = stats.minimum_detectable_effect(n, ALPHA, comparisons, POWER)
    several, pilot = "s" * (comparisons > 1), " A pilot." * (n <= 3)
    return (
        f"With {n} seeds and Holm's correction over {comparisons} comparison{several}, a difference is found 4 times in"
        f" 5 if it is at least {size:.2f} standard deviations of the differences between seeds.{pilot}"
    )


def preview(study: dict[str, Any], folder: Path) -> list[str]:
    """What the planned `study` could find; and of runs that are in `folder`, what would decide the open verdicts."""
    comparisons = len({run["variant"] for run in study["runs"]}) - 1
    if comparisons < 1:
        return ["A single variant is compared with nothing."]
    said = [smallest(len(study["seeds"]), comparisons)]
    return [*said, *undecided(folder)] if (folder / "study.json").exists() else said


def undecided(folder: Path) -> list[str]:
    """For each inconclusive variant, the seeds that would find a difference of the margin; last, the command."""
    study, runs = record.read_study(folder), collect.collect(folder)
    margin = study.get("margin")
    if margin is None:
        return []
    table, of_seeds = effects(runs, margin=margin), differences(runs)
    tested = max(int(table["p"].notna().sum()), 1)
    said, most = [], 0
    for variant in table.loc[table["verdict"] == "inconclusive", "variant"]:
        needed = stats.seeds_needed(of_seeds[variant], margin, ALPHA, tested, POWER)
        if needed is not None:
            more = max(needed - len(of_seeds[variant]), 0)
            said.append(
                f"{variant}: inconclusive. {needed} seeds, {more} more, would find a difference of {margin:g} points 4"
                f" times in 5, were the spread between seeds that of these {len(of_seeds[variant])}."
            )
            most = max(most, needed)
    if len(study["seeds"]) < most <= MOST:
        seeds = f"seed=range({max(study['seeds']) + 1},{max(study['seeds']) + 1 + most - len(study['seeds'])})"
        said.append(f"To add them: {study['command']} {shlex.quote(seeds)} --extend")
    return said
