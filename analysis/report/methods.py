"""The question of a study and how it was answered: design, data, baseline, tests."""

import pandas as pd

from ablate.analysis import collect, left_out
from ablate.analysis.config_differences import readable
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.report import images, recipe, stage_sentences
from ablate.analysis.report.verdict_sentences import NAMED, rule, tests
from ablate.analysis.results import Results
from ablate.analysis.variant_results import learned
from ablate.runs.statuses import NOT_COMPARABLE
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.text import ABSENT, first_few, plural

LEVELS = 12  # levels or seeds that a sentence names


def question(plan: StudyPlan) -> str:
    """What the study asks."""
    metric = plan.metric.label
    varied = [name for name, levels in plan.factors.items() if len(levels) > 1]
    if not varied:
        return f"What {metric} does the baseline reach?"
    if len(varied) == 1:
        return f"Does {varied[0]} affect {metric}?"
    return f"Which of {', '.join(varied[:-1])} and {varied[-1]} affect {metric}?"


def methods(results: Results) -> list[str]:
    """The design, how the runs ended, data, baseline and what differs from it, statistics, evaluation images."""
    plan, runs = results.plan, results.runs
    seeds = first_few(plan.seeds, LEVELS)
    levels = "; ".join(f"{name}: {first_few(values, LEVELS)}" for name, values in plan.factors.items())
    design = f"Design {plan.design}, " if plan.design else ""
    every, variants = results.every_run, plural(runs["variant"].nunique(), "variant")
    within = "" if results.blocks is None else f" on {len(results.blocks.levels)} levels of {results.blocks.factor}"
    paragraphs = [
        f"{design}{plural(len(every), 'run')} of {variants}{within}, seeds {seeds}. {_ended(every)} Factors, the"
        f" baseline's level first: {levels or 'none'}."
    ]
    if not plan.metric.is_accuracy:
        paragraphs.append(f"Metric: {plan.metric.label}, {results.format.better}.")
    paragraphs += [*left_out.sentences(runs), *images.data(results), *recipe.baseline(results)]
    return [
        *paragraphs,
        *_further_changes(results),
        *_statistics(results),
        images.evaluated(results),
        *recipe.environment(results),
    ]


def _ended(runs: pd.DataFrame) -> str:
    """How the planned runs ended. A diverged run is a result, a run without a result is a hole."""
    statuses = runs["status"].value_counts()
    counts = [(int(statuses.get("completed", 0)), "completed"), (int(statuses.get("diverged", 0)), "diverged")]
    counts += [(int(statuses.get("pruned", 0)), "pruned")]
    chance = counts[0][0] - int(learned(runs).sum())
    at_chance = {"completed": f" ({chance} of them at chance)" if chance else ""}
    ended = ", ".join(
        f"{count} {status}{at_chance.get(status, '')}" for count, status in counts if count or status == "completed"
    )
    missing = int((runs["status"].isin(collect.HOLES) & ~runs["status"].isin(NOT_COMPARABLE)).sum())
    without = f" {missing} without a result (not run, crashed or interrupted)." if missing else ""
    return f"Results: {ended}.{without}"


def _statistics(results: Results) -> list[str]:
    """The tests and the rule of the verdicts, a paragraph; none where nothing is compared."""
    if not planned_comparisons(results.runs):
        return []
    if results.looks is not None:
        text = f"{stage_sentences.method(results)} {rule(results.effects, results.format)}"
    else:
        text = f"{tests(results.effects, results.format)} The rule of the verdicts is below the table."
    return [f"{text} Other tables are exploratory; their notes state the correction."]


def _further_changes(results: Results) -> list[str]:
    """The settings that change with a level besides the factor itself; a paragraph each for two kinds of levels.

    A level of a factor that is itself no setting, such as a bundle or a preset, is its settings; they are further ones
    of other levels. A combination of levels leaves out what one of its levels alone changes.
    """
    if results.changes.empty:  # as without a run of the baseline
        return []
    levels = results.runs.drop_duplicates("variant").set_index("variant")[collect.factors(results.runs)]
    further, consists = list[str](), list[str]()
    stated = list[tuple[dict[str, str], set[tuple[str, str]]]]()
    groups = dict(list(results.changes.groupby("variant", sort=False)))
    baseline = levels.loc[collect.BASELINE]
    changed = {name: {f: level for f, level in levels.loc[name].items() if level != baseline[f]} for name in groups}
    for name in sorted(groups, key=lambda name: len(changed[name])):
        of_parts = set().union(*(keys for part, keys in stated if part.items() < changed[name].items()))
        keys = [row for row in groups[name].itertuples() if not _is_implied(row.key, row.value, [*changed[name]])]
        new = [_change(row.key, row.baseline, row.value) for row in keys if (row.key, row.value) not in of_parts]
        stated.append((changed[name], {(row.key, row.value) for row in keys}))
        is_setting = all(any(_is_of(row.key, factor) for row in groups[name].itertuples()) for factor in changed[name])
        if new:
            texts = further if is_setting else consists
            texts.append(f"{results.labels[name]}: {first_few(new, NAMED, '; ')}")
    titles = {"Settings of the levels": consists, "Further settings that change with a level": further}
    return [f"{title}: {first_few(texts, 2 * NAMED, '. ')}." for title, texts in titles.items() if texts]


def _is_of(key: str, factor: str) -> bool:
    """Whether a configuration key is that of a factor, or one of its group."""
    return f"{key}.".startswith(f"{factor}.")


def _is_implied(key: str, value: str, factors: list[str]) -> bool:
    """Whether a key is that of a changed factor, the class that its level selects, or one that its level lacks."""
    of_level = key.partition(".")[0] in factors and (key.endswith("._target_") or value == ABSENT)
    return key in factors or of_level


def _change(key: str, before: str, after: str) -> str:
    """A configuration key that differs: `normalization batch, not none`."""
    key, before, after = readable(key, before, after)
    return f"no {key}" if after == ABSENT else f"{key} {after}" + (f", not {before}" if before != ABSENT else "")


def _last(target: str) -> str:
    """The last name of a dotted path."""
    return target.rpartition(".")[2]
