"""A data frame with one row per run -> a study: its plan and the frame of `collect`.

Nothing is averaged here: a row that stands for the same variant and seed as another one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.analysis.sources.cells import as_floats, numbers_of, plain, texts
from ablate.analysis.sources.find_factors import find_factors
from ablate.analysis.sources.levels import baseline_of, check_lengths
from ablate.analysis.sources.run_status import statuses, with_column
from ablate.runs import study_plan
from ablate.runs.metric import Metric
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.study.plan import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

VALUE = "\0value"  # column of the metric, which no factor can have as its name
SECONDS, PARAMETERS = "seconds", "parameters"


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
    if len(rows) > study_plan.MOST_RUNS:
        raise InputError(f"{name} has {len(rows):,} rows, more than the {study_plan.MOST_RUNS:,} runs of a report.")
    rows = with_column(rows.reset_index(drop=True).map(plain))
    _check_columns(rows, columns, name)
    values, bad = numbers_of(rows[columns.metric.name])
    if bad:
        raise InputError(f"{name}: the column {columns.metric.name} holds {bad}, but must hold numbers.")
    status = statuses(rows, values)
    if not (status == "completed").any():
        raise InputError(f"{name}: no run is completed and has a value of {columns.metric.name}.")
    seeds, notes = _seeds(rows, columns)
    if columns.factors is None:
        factors, assumed = find_factors(rows, columns.metric.name, columns.seed, name)
    else:
        factors, assumed = list(columns.factors), []
    notes += assumed
    _check_names(factors, [], name)
    levels = pd.DataFrame({factor: texts(rows[factor]) for factor in factors}, index=rows.index)
    check_lengths(levels, name)
    baseline = baseline_of(levels, columns.baseline, name)
    if factors and columns.baseline is None:
        shown = ", ".join(f"{factor}={level}" for factor, level in baseline.items())
        notes.append(f"Baseline: {shown}, the levels of the first row (--baseline selects another).")
    variants = _variants(levels, baseline)
    _check_unique(variants, seeds, levels, columns, name)
    content = pd.DataFrame({"variant": variants, "seed": seeds, "status": status, VALUE: values}, index=rows.index)
    for column in (SECONDS, PARAMETERS):
        numbers = as_floats(rows[column]) if column in rows else pd.Series(np.nan, index=rows.index)
        content[column] = numbers.where(numbers.between(0, 2**53))
    places = pd.Series([f"row {number}" for number in range(1, len(rows) + 1)], index=rows.index)
    folders = (
        rows["folder"].astype(object).where(rows["folder"].notna(), places).map(str) if "folder" in rows else places
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
    _check_names(columns.factors or [], [columns.metric.name], name)


def _check_names(factors: Sequence[str], metrics: Sequence[str], name: str) -> None:
    """Raise InputError if a column cannot be in a report under its name."""
    try:
        study_plan.check_names(factors, metrics)
    except ValueError as error:
        raise InputError(f"{name} cannot be reported: {error}. Rename the column, or choose others.") from None


def _seeds(rows: pd.DataFrame, columns: Columns) -> tuple[pd.Series, list[str]]:
    """The replicate of each row as a number from 0, and how it was made if it is not one."""
    if columns.seed is None:
        note = "No seed column: runs are not paired, and compared with Welch's t (--seed names the column)."
        return pd.Series(range(len(rows)), index=rows.index), [note]
    column = rows[columns.seed]
    if column.isna().any():
        place = int(np.flatnonzero(column.isna())[0]) + 1
        raise InputError(f"Row {place} has no {columns.seed}. Every run needs a seed, because runs are paired by it.")
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except (ValueError, TypeError):  # a list, a number of thousands of digits
        numbers = column.astype(object)
    exact = numbers.dtype not in (object, bool) and numbers.notna().all()  # not as floats: a seed may have 63 bits
    if exact and numbers.between(0, 2**63 - 1025).all() and (numbers % 1 == 0).all():
        return numbers.astype("int64"), []
    levels = texts(column)
    order = {text: number for number, text in enumerate(dict.fromkeys(levels))}
    shown = first_few([f"{text} is {number}" for text, number in order.items()], 5)
    return levels.map(order), [f"The values of {columns.seed} are numbered: {shown}."]


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
    columns[metric.name] = content[VALUE].where(content["status"] == "completed")
    columns |= {"epochs": empty.astype("Int64"), "seconds": content[SECONDS]}
    columns["parameters"] = content[PARAMETERS].round().astype("Int64")
    columns |= {"macs": empty.astype("Int64"), "classes": empty.astype("Int64"), "folder": content["folder"]}
    reasons = {
        "missing": "There is no row for this variant and seed.",
        "failed": "The run failed, or has no value of the metric.",
    }
    columns |= {"error": content["status"].map(reasons).fillna("")}
    columns |= dict.fromkeys(("code_sha256", "commit", "rerun"))
    return pd.DataFrame(columns)
