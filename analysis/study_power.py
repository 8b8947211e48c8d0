"""`ablate plan --power`: what a study could find, before it; what more seeds would decide, after."""

import re
import shlex
from pathlib import Path

from ablate.analysis import stats
from ablate.analysis.effects import differences
from ablate.analysis.results import analyse
from ablate.runs.study_plan import StudyPlan

POWER, ALPHA = 0.8, 0.05
PLAIN = re.compile(r"[\w.+/-]+")  # a level that is itself in Hydra's grammar
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


def preview(study: StudyPlan, folder: Path) -> list[str]:
    """What the planned `study` could find; and of runs that are in `folder`, what would decide the open verdicts."""
    comparisons = len({run.variant for run in study.runs}) - 1
    if comparisons < 1:
        return ["A single variant is compared with nothing."]
    said = [smallest(len(study.seeds), comparisons)]
    return [*said, *undecided(folder)] if (folder / "study.json").exists() else said


def undecided(folder: Path) -> list[str]:
    """For each inconclusive variant, the seeds that would find a difference of the margin; last, the command."""
    results = analyse(folder)  # the verdicts are the report's
    study, margin, table = results.plan, results.margin, results.effects
    if margin is None:
        return []
    of_seeds = differences(results.runs)
    tested = max(int(table["p"].notna().sum()), 1)
    said, wanted = [], {}
    for variant in table.loc[table["verdict"] == "inconclusive", "variant"]:
        needed = stats.seeds_needed(of_seeds[variant], margin, ALPHA, tested, POWER) if variant in of_seeds else None
        if needed is not None:
            more = max(needed - len(of_seeds[variant]), 0)
            wanted[variant] = needed
            said.append(
                f"{variant}: inconclusive. {needed} seeds, {more} more, would find a difference of ±{margin:g} points 4"
                f" times in 5, were the spread between seeds that of these {len(of_seeds[variant])}."
            )
    if len(study.seeds) < max(wanted.values(), default=0) <= MOST:
        said.append(f"To add them: {_command(study, wanted)}")
    return said


def _command(study: StudyPlan, wanted: dict[str, int]) -> str:
    """What adds seeds to the variants in `wanted`: a factor's other levels are left out, as far as words can say it."""
    words, first = [], max(study.seeds) + 1
    still_open = [run.factors for run in study.runs if run.variant in wanted]
    for name, levels in study.factors.items():
        kept = [level for level in levels if level == levels[0] or any(chosen[name] == level for chosen in still_open)]
        if 1 < len(kept) < len(levels) and all(PLAIN.fullmatch(level) for level in kept):
            words.append(f"{name}={','.join(kept)}")
    words.append(f"seed=range({first},{first + max(wanted.values()) - len(study.seeds)})")
    return f"{study.command} {shlex.join(words)} --extend"
