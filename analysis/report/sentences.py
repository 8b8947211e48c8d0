"""What a study asks, how it was done, what it shows and what it cannot tell: sentences, for every kind of report."""

import hashlib
from pathlib import Path

import pandas as pd

from ablate.analysis import collect, stats, study_power
from ablate.analysis.effects import pairs
from ablate.analysis.formats import number, p_value, times
from ablate.analysis.test_usage import Usage
from ablate.runs.read_config import read_config
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import ABSENT, first_few

VERDICTS = {
    "better": "better than the baseline",
    "worse": "worse than the baseline",
    "equivalent": "equivalent to the baseline",
}
NAMED = 4  # variants a sentence names with their numbers; of those nothing is shown of, twice as many
LEVELS = 12  # levels or seeds that a sentence names
NOT_CROSSED = ("one_at_a_time", "cumulative")  # designs in which no two changes meet freely


def holes(runs: pd.DataFrame) -> dict[str, str]:
    """The variants with runs that are not completed, in words: `1 diverged, 2 missing`."""
    order, words = ("diverged", "pruned", *collect.HOLES), {}
    for variant, statuses in runs[runs["status"] != "completed"].groupby("variant", sort=False)["status"]:
        counts = statuses.value_counts()
        words[variant] = ", ".join(f"{counts[status]} {status}" for status in order if status in counts)
    return words


def question(plan: StudyPlan) -> str:
    """What the study asks."""
    varied = [name for name, levels in plan.factors.items() if len(levels) > 1]
    verb = "change" if len(varied) > 1 else "changes"
    return f"This study asks what {' and '.join(varied) or 'nothing'} {verb} in validation accuracy."


def methods(folder: Path, plan: StudyPlan, runs: pd.DataFrame, changes: pd.DataFrame) -> list[str]:
    """The design, the baseline's configuration, what differs from it (`changes`), and the statistics."""
    seeds = ", ".join(map(str, plan.seeds)) if len(plan.seeds) <= 10 else f"{len(plan.seeds)} seeds"
    levels = "; ".join(f"{name}: {first_few(values, LEVELS)}" for name, values in plan.factors.items())
    lost = int((runs["status"] != "completed").sum())
    said = [
        f"Design {plan.design}, {len(runs)} runs of {runs['variant'].nunique()} variants, seeds {seeds};"
        f" {lost} without a completed result. Factors, the baseline's level first: {levels or 'none'}."
    ]
    said += _baseline(folder, runs)
    labels, differing = collect.labels(runs), []
    for variant, keys in list(changes.groupby("variant", sort=False))[: 2 * NAMED]:
        told = [_change(row.key, row.baseline, row.value) for row in keys.head(NAMED).itertuples()]
        more = f", and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
        differing.append(f"{labels[variant]} has {'; '.join(told)}{more}")
    if differing:
        said.append(f"What differs from the baseline: {'. '.join(differing)}.")
    said.append(
        "Runs are paired by seed; intervals and p are Student's t on the differences, p corrected by Holm over all"
        " variants; the tables and figures are of validation images, not of the test set."
    )
    return said


def _change(key: str, before: str, after: str) -> str:
    """One key of a configuration that differs: `normalization batch, not none`."""
    if key.endswith("._target_"):
        key, before, after = key.removesuffix("._target_"), before.rpartition(".")[2], after.rpartition(".")[2]
    return f"no {key}" if after == ABSENT else f"{key} {after}" + (f", not {before}" if before != ABSENT else "")


def _baseline(folder: Path, runs: pd.DataFrame) -> list[str]:
    """The configuration of the first baseline run that has a whole one."""
    for run in runs[(runs["variant"] == collect.BASELINE) & (runs["status"] == "completed")].itertuples():
        try:
            config = read_config(folder / run.folder)
            data, trainer, optimizer = config.data, config.trainer, config.optimizer
            settings = ", ".join(f"{key} {value}" for key, value in optimizer.items() if key != "_target_")
            return [
                f"Baseline: model {config.model._target_.rpartition('.')[2]}, data {data._target_.rpartition('.')[2]}"
                f" with {data.val_fraction:g} of the training images held out for validation (split seed"
                f" {data.split_seed}); {trainer.epochs} epoch{'s' * (trainer.epochs > 1)}, batches of"
                f" {trainer.batch_size}; {optimizer._target_.rpartition('.')[2]} with {settings}."
            ]
        except (InputError, AttributeError, ValueError, TypeError):
            continue  # an older or damaged configuration: the next seed's may be whole
    return []


def verdicts(effects: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """What the verdicts say, a paragraph each kind."""
    labels, said = collect.labels(runs), []
    for verdict, words in VERDICTS.items():
        rows = effects[effects["verdict"] == verdict]
        rows = rows.reindex(rows["difference_pp"].abs().sort_values(ascending=False, kind="stable").index)
        test, p = ("p of equivalence", "p_equivalence") if verdict == "equivalent" else ("Holm p", "p_holm")
        found = [
            f"{labels[row.variant]} ({number(row.difference_pp, 1, '+')} points,"
            f" 95 % CI {number(row.ci_low_pp, 1, '+')} to {number(row.ci_high_pp, 1, '+')},"
            f" n = {row.n}, {test} {p_value(getattr(row, p))})"
            for row in rows.head(NAMED).itertuples()
        ]
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        if found:
            said.append(f"Shown to be {words}: {'; '.join(found)}{more}.")
    for verdict in ("inconclusive", "not testable"):
        names = [labels[name] for name in effects.loc[effects["verdict"] == verdict, "variant"]]
        more = f" and {len(names) - 2 * NAMED} more" if len(names) > 2 * NAMED else ""
        if names:
            said.append(f"{verdict.capitalize()}: {'; '.join(names[: 2 * NAMED])}{more}.")
    return said


def notes(runs: pd.DataFrame, curves: pd.DataFrame, effects: pd.DataFrame) -> list[str]:
    """What a reader of the numbers must know and the table does not show, a sentence each."""
    said = []
    completed = runs[runs["status"] == "completed"]
    code = completed["code_sha256"].fillna("unknown").str[:12].value_counts(sort=False)
    if len(code) > 1:
        counts = ", ".join(f"{name} ({count} runs)" for name, count in code.items())
        said.append(f"The numbers come from mixed code: {counts}. Run the study again to compare like with like.")
    if collect.BASELINE not in set(completed["variant"]) and set(runs["variant"]) - {collect.BASELINE}:
        said.append("The baseline has no completed run: nothing can be compared.")
    said += _unpaired(runs, effects)
    equal = effects[(effects["n"] > 1) & effects["difference_pp"].notna() & effects["p"].isna()]
    if len(equal):
        names = "; ".join(collect.labels(runs)[name] for name in equal["variant"].head(2 * NAMED))
        said.append(f"All seeds differ from the baseline by the same amount, which leaves nothing to test: {names}.")
    drawn = curves.groupby(["variant", "seed"]).size().rename("drawn")
    short = completed.join(drawn, on=["variant", "seed"])[["drawn", "epochs"]].fillna(0)
    cut = int((short["drawn"] < short["epochs"].clip(lower=1)).sum())
    if cut:
        said.append(f"{cut} completed runs have no whole metrics.csv: their loss curve is missing or ends early.")
    return said


def _unpaired(runs: pd.DataFrame, effects: pd.DataFrame) -> list[str]:
    """The variants with seeds that the baseline did not complete, and what was done with these."""
    labels, tests = collect.labels(runs), effects.set_index("variant")["test"]
    shared = pairs(runs).groupby("variant", sort=False)["baseline"].agg(["size", "count"])
    alone = shared[shared["size"] > shared["count"]]
    if not alone["count"].any() and not tests.eq("Welch's t").any():
        return []  # no baseline at all, which another sentence says
    said = []
    for name, row in alone.iterrows():
        kept = "they are left out of its row"
        if tests[name] == "Welch's t":
            kept = "its difference is of all runs, unpaired, by Welch's t"
        said.append(
            f"{labels[name]}: {row['size'] - row['count']} completed without a baseline run of the same seed; {kept}."
        )
    return said


def limits(plan: StudyPlan, effects: pd.DataFrame, contrasts: pd.DataFrame | None = None) -> list[str]:
    """What a study of this size and design, with these `contrasts` if it has any, can not tell, a sentence each."""
    tested = effects[effects["p"].notna()]
    if not len(tested):
        return [study_power.smallest(1, 1)] if effects["n"].max() == 1 and len(effects) > 1 else []
    n, m = int(tested["n"].min()), len(tested)
    said = [study_power.smallest(n, m)]
    unseen = plan.design in NOT_CROSSED
    if contrasts is not None:
        unseen = not (contrasts["kind"] == "interaction").any()
    if unseen and sum(len(levels) > 1 for levels in plan.factors.values()) > 1:
        said.append("Interactions are not estimable: no two factors were changed both alone and together.")
    k = int(effects["mean"].notna().sum())
    if k > 2:
        said.append(
            f"The highest of {k} means is too high by {stats.optimism(k):.2f} of its standard errors on"
            " average, were all of them equal: choose by validation accuracy, then test once."
        )
    return said


def tested(usage: Usage) -> str:
    """How often the test set was used, on which runs, and what they reached there."""
    runs, lost = usage.runs, ""
    if usage.unreadable:
        lost = f" {usage.unreadable} record{'s' * (usage.unreadable > 1)} of its use cannot be read."
    if not len(runs):
        return "The test set was not used." if not lost else f"Whether the test set was used is not known.{lost}"
    count, words = sum(map(int, runs["times"])), []
    for variant, own in list(runs.groupby("variant", sort=False))[: 2 * NAMED]:
        seeds = first_few(own["seed"].dropna().astype(int), LEVELS)
        reached = 100 * own["accuracy"].dropna()
        spread = f" ± {number(reached.std(), 1)}" if len(reached) > 1 else ""
        accuracy = f": {number(reached.mean(), 1)}{spread} %" if len(reached) else ""
        words.append(f"{variant} (seed{'s' * (len(own) > 1)} {seeds}{accuracy})" if seeds else f"{variant}")
    more = runs["variant"].nunique() - len(words)
    return (
        f"The test set was used {times(count)}, on {len(runs)} run{'s' * (len(runs) > 1)}: {', '.join(words)}"
        f"{f' and {more} variants more' if more else ''}.{lost}"
    )


def provenance(plan: StudyPlan, runs: pd.DataFrame) -> str:
    """Of which commit, code and configurations the numbers are."""
    planned = hashlib.sha256("".join(sorted(run.config_sha256 for run in plan.runs)).encode()).hexdigest()
    commits, code = (_names(runs[name]) for name in ("commit", "code_sha256"))
    return (
        f"Study {plan.name}; commit {commits}; training code {code}; configurations {planned[:12]} (sha256); all"
        " numbers are in runs.csv and effects.csv."
    )


def _names(hashes: pd.Series) -> str:
    return ", ".join(dict.fromkeys(str(name)[:12] for name in hashes.dropna())) or "unknown"
