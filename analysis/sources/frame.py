"""A data frame with one row per run -> a study: its plan and the frame of `collect`.

Nothing is averaged here: a row that stands for the same variant and seed as another one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.runs.metric import Metric
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.study.plan import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

UNSET = "(not set)"  # level of a factor that a run does not set
MOST_ROWS = 100_000
MOST_FACTORS = 12  # found without being asked for; of more, the user has to say which
STATUS, SECONDS, PARAMETERS = "status", "seconds", "parameters"
# Words of W&B, MLflow, Optuna, Slurm and our own records, in lower case.
STATUSES = {
    "completed": "completed finished complete success succeeded ok done",
    "diverged": "diverged nan",
    "pruned": "pruned",
    "failed": "failed fail crashed error killed timeout cancelled canceled preempted",
    "interrupted": "interrupted running scheduled pending waiting",
    "missing": "missing",
}
STATUS_OF = {word: status for status, words in STATUSES.items() for word in words.split()}


class Source(NamedTuple):
    """A study from elsewhere: its plan, the frame of `collect`, and sentences on what was assumed."""

    plan: StudyPlan
    runs: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class Columns:
    """Which columns hold what.

    Attributes:
        metric: the metric; its name is the column.
        seed: the column of the replicate (seed, fold, repetition); None: rows are not paired.
        factors: columns of the factors; None: found (`find_factors`).
        baseline: {factor: level} of the baseline, as text; a factor that it lacks has the level of the first row.
    """

    metric: Metric
    seed: str | None = None
    factors: Sequence[str] | None = None
    baseline: Mapping[str, str] | None = None


def study(rows: pd.DataFrame, columns: Columns, name: str, command: str) -> Source:
    """Turn rows into a study.

    Args:
        rows: one row per run. Optional columns: `status` (as W&B, MLflow or ablate write it), `seconds`, `parameters`.
        columns: which columns hold what.
        name: of the study.
        command: that the report names.

    Raises:
        InputError: a column does not exist, has no numbers, or does not vary; two rows have one variant and seed.
    """
    if rows.empty:
        raise InputError(f"{name} has no rows, so there are no runs to compare.")
    if len(rows) > MOST_ROWS:
        raise InputError(f"{name} has {len(rows):,} rows, more than {MOST_ROWS:,}. A table has one row per run.")
    rows = rows.reset_index(drop=True)
    _check_columns(rows, columns, name)
    values, bad = _numbers(rows[columns.metric.name])
    if bad:
        raise InputError(f"{name}: the column {columns.metric.name} holds {bad}, but must hold numbers.")
    status = _statuses(rows, values)
    if not (status == "completed").any():
        raise InputError(f"{name}: no run is completed and has a value of {columns.metric.name}.")
    seeds, notes = _seeds(rows, columns)
    factors, found = find_factors(rows, columns, name) if columns.factors is None else (list(columns.factors), [])
    notes += found
    levels = pd.DataFrame({factor: _texts(rows[factor]) for factor in factors}, index=rows.index)
    baseline = _baseline(levels, columns.baseline, name)
    if factors and columns.baseline is None:
        shown = ", ".join(f"{factor}={level}" for factor, level in baseline.items())
        notes.append(f"Baseline: {shown}, the levels of the first row (--baseline selects another).")
    variants = _variants(levels, baseline)
    _check_unique(variants, seeds, levels, columns, name)
    content = pd.DataFrame({"variant": variants, "seed": seeds, "status": status, "value": values}, index=rows.index)
    for column in (SECONDS, PARAMETERS):
        content[column] = pd.to_numeric(rows[column], errors="coerce") if column in rows else np.nan
    folders = (
        rows["folder"].astype(str) if "folder" in rows else [f"row {number}" for number in range(1, len(rows) + 1)]
    )
    content = pd.concat([content.assign(folder=folders), levels], axis=1)
    content = _with_holes(content, factors, paired=columns.seed is not None)
    return Source(
        _plan(content, factors, baseline, columns.metric, name, command),
        _runs(content, factors, columns.metric, name),
        notes,
    )


def _check_columns(rows: pd.DataFrame, columns: Columns, name: str) -> None:
    """Raise InputError if a named column does not exist or is used twice."""
    named = [columns.metric.name, *([columns.seed] if columns.seed else []), *(columns.factors or [])]
    for column in named:
        if column not in rows:
            meant = did_you_mean(column, list(map(str, rows.columns)))
            raise InputError(f"{name} has no column {column}.{meant} Its columns: {first_few(rows.columns, 12)}.")
        if named.count(column) > 1:
            raise InputError(f"{name}: the column {column} is named twice; metric, seed and factors must differ.")


def _numbers(column: pd.Series) -> tuple[pd.Series, str]:
    """The column as numbers, and the first value that is none (empty if there is no such value)."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    text = column.astype(str).str.strip()
    words = text.str.lower().isin(["", "nan", "none", "null", "na", "n/a", "<na>"])
    wrong = column.notna() & numbers.isna() & ~words
    return numbers, repr(text[wrong].iloc[0])[:80] if wrong.any() else ""


def _statuses(rows: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The status of each row. An infinite value is a diverged run; a completed run without a value has failed."""
    if STATUS in rows:
        words = rows[STATUS].astype(str).str.strip().str.lower()
        unknown = rows[STATUS][~words.isin(STATUS_OF) & rows[STATUS].notna()]
        if len(unknown):
            known = ", ".join(STATUS_OF)
            raise InputError(f"The column status holds {str(unknown.iloc[0])!r:.80}. Known words: {known}.")
        status = words.map(STATUS_OF).fillna("completed")
    else:
        status = pd.Series("completed", index=rows.index)
    completed = status == "completed"
    status = status.mask(completed & np.isinf(values), "diverged")
    return status.mask(completed & values.isna(), "failed")


def _seeds(rows: pd.DataFrame, columns: Columns) -> tuple[pd.Series, list[str]]:
    """The replicate of each row as a number from 0, and how it was made if it is not one."""
    if columns.seed is None:
        note = "No seed column: runs are not paired, and compared with Welch's t (--seed names the column)."
        return pd.Series(range(len(rows)), index=rows.index), [note]
    column = rows[columns.seed]
    if column.isna().any():
        place = int(np.flatnonzero(column.isna())[0]) + 1
        raise InputError(f"Row {place} has no {columns.seed}. Every run needs a seed, because runs are paired by it.")
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all() and (numbers >= 0).all() and (numbers % 1 == 0).all() and (numbers < 2**63).all():
        return numbers.astype("int64"), []
    texts = _texts(column)
    order = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    shown = first_few([f"{text} is {number}" for text, number in order.items()], 5)
    return texts.map(order), [f"The values of {columns.seed} are numbered: {shown}."]


def find_factors(rows: pd.DataFrame, columns: Columns, name: str) -> tuple[list[str], list[str]]:
    """Find the factors: columns that vary and are neither the seed nor a result or a label of each run.

    Excluded are columns that are constant, fractional numbers with more than half as many values as there are runs,
    columns with more values than the seeds leave room for (names, times), and columns that another factor determines
    one to one.

    Returns:
        The factors, and sentences that name them and what was excluded.

    Raises:
        InputError: more than `MOST_FACTORS`, or none that tells the runs of one seed apart.
    """
    taken = {columns.metric.name, columns.seed, STATUS, SECONDS, PARAMETERS, "folder", "error"}
    replicates = rows[columns.seed].nunique() if columns.seed else 1
    found: dict[str, pd.Series] = {}
    excluded = []
    for column in rows.columns:
        texts = _texts(rows[column])
        count = texts.nunique()
        if column in taken or count < 2:
            continue
        codes = pd.Series(pd.factorize(texts)[0])
        same = next((other for other, known in found.items() if _one_to_one(codes, known)), None)
        if same is not None:
            excluded.append(f"{column} (follows from {same})")
        elif _is_per_run(rows[column], count, replicates):
            excluded.append(f"{column} (a value per run)")
        elif columns.seed is not None and _one_to_one(codes, pd.Series(pd.factorize(rows[columns.seed])[0])):
            excluded.append(f"{column} (follows from {columns.seed})")
        else:
            found[str(column)] = codes
    if len(found) > MOST_FACTORS:
        raise InputError(f"{name}: {len(found)} columns vary: {first_few(found, 12)}. Name the factors with --factors.")
    notes = [f"Factors found: {', '.join(found) or 'none'} (--factors names them)."]
    return list(found), notes + ([f"Not factors: {first_few(excluded, 12)}."] if excluded else [])


def _is_per_run(column: pd.Series, count: int, replicates: int) -> bool:
    """Whether a column is a result or a label of each run rather than a setting, which the replicates of it share."""
    if count == len(column) or count > 1.5 * len(column) / replicates:
        return True
    numbers = pd.to_numeric(column, errors="coerce")
    fractional = numbers.notna().any() and bool((numbers.dropna() % 1 != 0).any())
    return fractional and count > len(column) / 2


def _one_to_one(one: pd.Series, other: pd.Series) -> bool:
    pairs = len(pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).drop_duplicates())
    return bool(pairs == one.nunique() == other.nunique())


def _texts(column: pd.Series) -> pd.Series:
    """Levels as text: whole numbers without decimals, `UNSET` where there is none."""
    texts = column.astype(object).where(column.notna(), UNSET).map(_text)
    return texts.replace("", UNSET)


def _text(level: Any) -> str:
    return repr(float(level)).removesuffix(".0") if isinstance(level, float) else str(level).strip()


def _baseline(levels: pd.DataFrame, asked: Mapping[str, str] | None, name: str) -> dict[str, str]:
    """The level of each factor in the baseline; InputError if no run has this combination."""
    baseline: dict[str, str] = {factor: str(levels[factor].iloc[0]) for factor in levels}
    for factor, level in (asked or {}).items():
        if factor not in levels:
            raise InputError(f"--baseline: {factor} is not a factor of {name}; its factors: {first_few(levels, 12)}.")
        known = list(dict.fromkeys(levels[factor]))
        equal = [one for one in known if one == level or _same_number(one, level)]
        if not equal:
            raise InputError(f"--baseline: {factor} has no level {level}; its levels: {first_few(known, 12)}.")
        baseline[factor] = equal[0]
    if len(levels.columns) and not (levels == pd.Series(baseline)).all(axis=1).any():
        shown = ", ".join(f"{factor}={level}" for factor, level in baseline.items())
        raise InputError(f"No run of {name} has the levels of the baseline: {shown}. Choose others with --baseline.")
    return baseline


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _variants(levels: pd.DataFrame, baseline: Mapping[str, str]) -> pd.Series:
    """The name of each row's variant."""
    if not len(levels.columns):
        return pd.Series(BASELINE, index=levels.index)
    cells = list(levels.itertuples(index=False, name=None))
    names = {cell: variant_name(dict(zip(levels, cell, strict=True)), dict(baseline)) for cell in dict.fromkeys(cells)}
    return pd.Series([names[cell] for cell in cells], index=levels.index)


def _check_unique(variants: pd.Series, seeds: pd.Series, levels: pd.DataFrame, columns: Columns, name: str) -> None:
    """Raise InputError if two rows have one variant and seed, naming the rows."""
    cells = pd.DataFrame({"variant": variants, "seed": seeds})
    twice = cells[cells.duplicated(keep=False)]
    if twice.empty:
        return
    first = twice.iloc[0]
    same = (cells == first).all(axis=1)
    places = first_few([str(place + 1) for place in np.flatnonzero(same)], 5)
    level = ", ".join(f"{factor}={levels[factor][same.idxmax()]}" for factor in levels) or "no factors"
    raise InputError(
        f"{name}: rows {places} have the same factors ({level}) and the same {columns.seed} ({first['seed']}). Keep one"
        " of them, or name the column that tells them apart with --factors."
    )


def _with_holes(content: pd.DataFrame, factors: list[str], paired: bool) -> pd.DataFrame:
    """The rows in the order of variants (baseline first) and seeds; a row `missing` for each absent seed of one."""
    order = [BASELINE, *(name for name in dict.fromkeys(content["variant"]) if name != BASELINE)]
    rank = {name: number for number, name in enumerate(order)}
    content = content.sort_values(["variant", "seed"], key=lambda c: c.map(rank) if c.name == "variant" else c)
    if not paired:
        return content.reset_index(drop=True)
    every = pd.MultiIndex.from_product([order, sorted(content["seed"].unique())], names=["variant", "seed"])
    whole = content.set_index(["variant", "seed"]).reindex(every)
    levels = content.drop_duplicates("variant").set_index("variant")[factors]
    for factor in factors:
        whole[factor] = levels[factor].reindex(every.get_level_values("variant")).to_numpy()
    lost = whole["status"].isna()
    places = [f"{variant}/{seed}" for variant, seed in every[lost]]
    whole.loc[lost, "folder"] = [f"no row {place}" for place in places]
    return whole.fillna({"status": "missing"}).reset_index()


def _plan(
    content: pd.DataFrame, factors: list[str], baseline: dict[str, str], metric: Metric, name: str, command: str
) -> StudyPlan:
    """The plan that these rows carry out; InputError if a name cannot be used."""
    levels = {factor: list(dict.fromkeys([baseline[factor], *content[factor]])) for factor in factors}
    rows = content.to_dict("records")
    try:
        runs = [
            PlannedRun(
                variant=row["variant"],
                factors={factor: row[factor] for factor in factors},
                seed=int(row["seed"]),
                folder=row["folder"],
                config_sha256="",
            )
            for row in rows
        ]
        return StudyPlan(
            name=name,
            metric=metric,
            baseline=baseline,
            factors=levels,
            seeds=sorted({int(seed) for seed in content["seed"]}),
            command=command,
            runs=runs,
        )
    except ValueError as error:
        raise InputError(f"{name} cannot be reported: {error}. Rename it, or choose others with --factors.") from None


def _runs(content: pd.DataFrame, factors: list[str], metric: Metric, name: str) -> pd.DataFrame:
    """The frame of `collect`. Columns that only runs of ablate have are empty."""
    columns: dict[str, Any] = {"study": name, "variant": content["variant"]}
    columns |= {factor: content[factor] for factor in factors}
    columns |= {"seed": content["seed"], "status": content["status"]}
    empty = pd.Series(np.nan, index=content.index)
    columns |= dict.fromkeys(collect.METRICS, empty)
    columns[metric.name] = content["value"].where(content["status"] == "completed")
    columns |= {"epochs": empty.astype("Int64"), "seconds": content[SECONDS]}
    columns["parameters"] = content[PARAMETERS].round().astype("Int64")
    columns |= {"macs": empty.astype("Int64"), "classes": empty.astype("Int64"), "folder": content["folder"]}
    reasons = {"missing": "There is no row for this variant and seed.", "failed": "The run failed, or has no value of the metric."}
    columns |= {"error": content["status"].map(reasons).fillna("")}
    columns |= dict.fromkeys(("code_sha256", "commit", "rerun"))
    return pd.DataFrame(columns)
