"""`ablate plan --power`: what a planned study can detect, and how many seeds would decide its open comparisons."""

import re
import shlex
from pathlib import Path

from ablate.analysis import stats
from ablate.analysis.analyze import analyze
from ablate.analysis.blocks import planned_variants
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.formats import significant
from ablate.analysis.stages import power as stage_power
from ablate.analysis.variant_results import differences
from ablate.runs.study_keys import keys_of
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

POWER, ALPHA = 0.8, 0.05
LOOKED = (
    "These seeds were computed from results: adding them to the study is a second look at it, which raises the rate of"
    " false claims above 5 %; the report will state by how much. A new study with new seeds keeps it."
)
PLAIN = re.compile(r"[\w.+/-]+")  # a level that is itself in Hydra's grammar
MOST = 1000  # seeds; more are not worth a command


def smallest(
    n: int, comparisons: int, sd: float | None = None, unit: str = " points", largest: float | None = None
) -> str:
    """The minimum detectable effect, a sentence.

    Args:
        n: seeds.
        comparisons: planned variants, the family of Holm's correction.
        sd: SD of the paired differences in printed units, if known.
        unit: of these, with a space before it.
        largest: the largest possible difference, if it is known.
    """
    if n < 2:
        return "With one seed nothing can be tested: the study is descriptive."
    size = stats.minimum_detectable_effect(n, ALPHA, comparisons, POWER)
    variants, pilot = plural(comparisons, "planned variant"), " A pilot." if n <= 3 else ""
    least = f"{significant(size)} standard deviations of the paired differences (d_z)"
    corrected = f"With {n} seeds and Holm's correction over {variants}"
    if sd and largest is not None and size * sd > largest:
        return (
            f"{corrected}, even the largest possible difference"
            f" ({largest:g}{unit}) has less than 80 % power (median SD of the paired differences"
            f" {significant(sd)}{unit}).{pilot} Add seeds."
        )
    if sd:
        median = f"median SD of the paired differences {significant(sd)}{unit}"
        least = f"{significant(size * sd)}{unit} (d_z = {significant(size)}, {median})"
    return f"{corrected}, the study has 80 % power for differences of at least {least}.{pilot}"


def preview(study: StudyPlan, folder: Path, expect: stage_power.Expected = ()) -> list[str]:
    """What the planned `study` can detect; if `folder` has runs, also the seeds that would decide the open verdicts.

    Args:
        study: its plan.
        folder: of the study.
        expect: of a study with stages, see `ablate.analysis.stages.power.preview`.
    """
    if study.stages:
        return stage_power.preview(study, folder, expect)
    if expect:
        key = keys_of(study.app).stages
        raise InputError(f"hydra.sweeper.expect applies to a study with stages. Add {key}=[3,5,8], or remove it.")
    comparisons = len(planned_variants(study) - {BASELINE})
    if comparisons < 1:
        return ["The study has one variant: there is nothing to compare."]
    sentences = [smallest(len(study.seeds), comparisons)]
    return [*sentences, *undecided(folder)] if (folder / "study.json").exists() else sentences


def undecided(folder: Path) -> list[str]:
    """For each inconclusive variant, the seeds that detect a difference of the margin.

    Ends with the command of a new study of that many seeds, and the one that extends this study. Empty without margin.
    """
    results = analyze(folder)  # the verdicts are the report's
    study, margin, table = results.plan, results.margin, results.effects
    if margin is None:
        return []
    of_seeds, comparisons = differences(results.runs, results.metric), max(planned_comparisons(results.runs), 1)
    sentences, wanted, unit = [], {}, results.format.points
    for variant in table.loc[table["verdict"] == "inconclusive", "variant"]:
        if variant not in of_seeds:
            continue
        n = len(of_seeds[variant])
        needed = stats.seeds_needed(of_seeds[variant], margin, ALPHA, comparisons, POWER)
        if needed is not None:
            wanted[variant] = needed
            limit = stats.sd_upper_limit(float(of_seeds[variant].std()), n)
            sentences.append(
                f"{variant}: inconclusive. {needed} seeds ({max(needed - n, 0)} more) have 80 % power for a difference"
                f" of ±{margin:g}{unit}, if the SD of the differences is {significant(limit)}{unit}, the upper 80 %"
                f" confidence limit from these {n}."
            )
    if len(study.seeds) < max(wanted.values(), default=0) <= MOST:
        first, most = max(study.seeds) + 1, max(wanted.values())
        levels, keys = _levels(study, wanted), keys_of(study.app)
        fresh = [*levels, f"seed=range({first},{first + most})", f"{keys.name}={study.name}_confirm"]
        added = [*levels, f"seed=range({first},{first + most - len(study.seeds)})", keys.extend]
        sentences += [
            LOOKED,
            f"A new study: {study.command} {shlex.join(fresh)}",
            "A new study in stages, where a variant gets no more seeds once it is decided:"
            f" {study.command} {shlex.join([*fresh, f'{keys.stages}={_stages(most)}'])}",
            f"To extend this one: {study.command} {shlex.join(added)}",
        ]
    return sentences


def _stages(seeds: int) -> str:
    """Looks at a study of so many seeds, each about half as many again as the one before: `[3,5,8,12]`."""
    sizes = [3]
    while 1.6 * sizes[-1] < seeds:
        sizes.append(round(1.6 * sizes[-1]))
    return f"[{','.join(map(str, [*sizes[:-1], seeds] if len(sizes) > 1 else [2, seeds]))}]"


def _levels(study: StudyPlan, wanted: dict[str, int]) -> list[str]:
    """Overrides without the levels that no variant in `wanted` has; empty if there are none to leave out."""
    words = []
    still_open = [run.factors for run in study.runs if run.variant in wanted]
    for name, levels in study.factors.items():
        needed = [
            level for level in levels if level == levels[0] or any(factors[name] == level for factors in still_open)
        ]
        if 1 < len(needed) < len(levels) and all(PLAIN.fullmatch(level) for level in needed):
            words.append(f"{name}={','.join(needed)}")
    return words
