"""A data frame with one row per run -> a study: its plan and the frame of `collect`.

Nothing is averaged here: a row that stands for the same variant and seed as another one is refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.analysis.sources.cells import as_floats, numeric, plain_cells, texts_of, with_text_names
from ablate.analysis.sources.columns import (
    PARAMETERS,
    SECONDS,
    Columns,
    check_block,
    check_columns,
    check_lengths,
    check_names,
    numbered_seeds,
    statuses,
)
from ablate.analysis.sources.factors import find_factors
from ablate.analysis.sources.trackers import with_status
from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.runs.valid_names import is_inside
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

VALUE = "\0value"  # column of the metric, which no factor can have as its name


class Source(NamedTuple):
    """A study from elsewhere: its plan, the frame of `collect`, and sentences on what was assumed."""

    plan: StudyPlan
    runs: pd.DataFrame
    notes: list[str]


def study(rows: pd.DataFrame, columns: Columns, name: str, command: str) -> Source:
    """Turn rows into a study.

    Args:
        rows: one row per run. Optional columns: `status` (as W&B, MLflow or ablate write it), `seconds`, `parameters`.
        columns: which columns hold what.
        name: of the study.
        command: printed in the report.

    Raises:
        InputError: a column does not exist, has no numbers, or does not vary; two rows have one variant and seed.
    """
    if rows.empty:
        raise InputError(f"{name} has no rows, so there are no runs to compare.")
    if len(rows) > study_plan.MOST_RUNS:
        raise InputError(f"{name} has {len(rows):,} rows, more than the {study_plan.MOST_RUNS:,} runs of a report.")
    rows = with_status(plain_cells(with_text_names(rows.reset_index(drop=True), name)))
    check_columns(rows, columns, name)
    values, bad = numeric(rows[columns.metric.name])
    if bad:
        raise InputError(f"{name}: the column {columns.metric.name} holds {bad}, but must hold numbers.")
    status = statuses(rows, values)
    if not (status == "completed").any():
        raise InputError(f"{name}: no run is completed and has a value of {columns.metric.name}.")
    seeds, notes = numbered_seeds(rows, columns)
    factors, sentences = find_factors(rows, columns, name) if columns.factors is None else (list(columns.factors), [])
    notes += sentences
    check_names(factors, [], name)
    check_block(columns.block, rows, factors, name)
    levels = pd.DataFrame({factor: texts_of(rows[factor]) for factor in factors}, index=rows.index)
    check_lengths(levels, name)
    baseline = _baseline(levels, columns.baseline, name)
    if factors and columns.baseline is None:
        shown = ", ".join(f"{factor}={level}" for factor, level in baseline.items())
        notes.append(f"Baseline: {shown}, {columns.first} (--baseline selects another).")
    variants = _variants(levels, baseline)
    places = pd.Series([f"row {number}" for number in range(1, len(rows) + 1)], index=rows.index)
    folders = _folders(rows, places, columns)
    labels = folders if columns.row == "job" else places.str.removeprefix("row ")
    _check_unique(pd.DataFrame({"variant": variants, "seed": seeds}), labels, levels, columns, name, sentences[1:])
    content = pd.DataFrame({"variant": variants, "seed": seeds, "status": status, VALUE: values}, index=rows.index)
    for column in (SECONDS, PARAMETERS):
        numbers = as_floats(rows[column]) if column in rows else pd.Series(np.nan, index=rows.index)
        content[column] = numbers.where(numbers.between(0, 2**53))
    content = pd.concat([content.assign(folder=folders), levels], axis=1)
    content = _with_holes(content, factors, columns, name)
    return Source(
        _plan(content, factors, baseline, columns, name, command),
        _runs(content, factors, columns, name),
        notes,
    )


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


def _check_unique(
    cells: pd.DataFrame, labels: pd.Series, levels: pd.DataFrame, columns: Columns, name: str, excluded: list[str]
) -> None:
    """Raise InputError if two rows have one variant and seed, naming the rows and the columns that are not factors."""
    twice = cells[cells.duplicated(keep=False)]
    if twice.empty:
        return
    first = twice.iloc[0]
    same = (cells == first).all(axis=1)
    places = first_few(labels[same], 5)
    level = ", ".join(f"{factor}={levels[factor][same.idxmax()]}" for factor in levels) or "no factors"
    seed = f"{columns.seed} ({first['seed']})"
    same_as = f"{name}: {columns.row}s {places} have the same factors ({level}) and the same {seed}."
    kind = "key" if columns.row == "job" else "column"
    advice = f"Keep one of them, or pass the {kind} that distinguishes them with --factors."
    raise InputError(" ".join([same_as, *excluded, advice]))


def _folders(rows: pd.DataFrame, places: pd.Series, columns: Columns) -> pd.Series:
    """The folder of each row; its place where it has none, or one that a plan cannot have: absolute, or of two rows."""
    if "folder" not in rows:
        return places
    texts = rows["folder"].astype(object).where(rows["folder"].notna(), "").map(str)
    taken = texts.duplicated(keep=False) | texts.isin(places) | texts.str.startswith(f"no {columns.row} ")
    return texts.where(texts.map(is_inside) & ~taken, places)


def _with_holes(content: pd.DataFrame, factors: list[str], columns: Columns, name: str) -> pd.DataFrame:
    """The rows in the order of variants (baseline first) and seeds; an absent seed of a variant has a row `missing`.

    Raises:
        InputError: these are more runs than a report can have.
    """
    order = [BASELINE, *(name for name in dict.fromkeys(content["variant"]) if name != BASELINE)]
    rank = {name: number for number, name in enumerate(order)}
    content = content.sort_values(["variant", "seed"], key=lambda c: c.map(rank) if c.name == "variant" else c)
    if columns.seed is None:
        return content.reset_index(drop=True)
    seeds = sorted(content["seed"].unique())
    if len(order) * len(seeds) > study_plan.MOST_RUNS:
        raise InputError(
            f"{name}: {len(order):,} variants of {', '.join(factors)} with {len(seeds):,} values of {columns.seed} are"
            f" {len(order) * len(seeds):,} runs, more than the {study_plan.MOST_RUNS:,} of a report. Choose fewer"
            " columns with --factors, or leave --seed out if each run has a seed of its own."
        )
    every = pd.MultiIndex.from_product([order, seeds], names=["variant", "seed"])
    whole = content.set_index(["variant", "seed"]).reindex(every)
    levels = content.drop_duplicates("variant").set_index("variant")[factors]
    for factor in factors:
        whole[factor] = levels[factor].reindex(every.get_level_values("variant")).to_numpy()
    lost = whole["status"].isna()
    places = [f"{variant}/{seed}" for variant, seed in every[lost]]
    whole.loc[lost, "folder"] = [f"no {columns.row} {place}" for place in places]
    return whole.fillna({"status": "missing"}).reset_index()


def _plan(
    content: pd.DataFrame, factors: list[str], baseline: dict[str, str], columns: Columns, name: str, command: str
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
            metric=columns.metric,
            baseline=baseline,
            factors=levels,
            block=columns.block,
            seeds=sorted({int(seed) for seed in content["seed"]}),
            command=command,
            runs=runs,
        )
    except ValueError as error:
        raise InputError(f"{name} cannot be reported: {error}. Rename it, or choose others with --factors.") from None


def _runs(content: pd.DataFrame, factors: list[str], asked: Columns, name: str) -> pd.DataFrame:
    """The frame of `collect`. Columns that only runs of ablate have are empty."""
    columns: dict[str, Any] = {"study": name, "variant": content["variant"]}
    columns |= {factor: content[factor] for factor in factors}
    columns |= {"seed": content["seed"], "status": content["status"]}
    empty = pd.Series(np.nan, index=content.index)
    columns |= dict.fromkeys(collect.METRICS, empty)
    columns[asked.metric.name] = content[VALUE].where(content["status"] == "completed")
    columns |= {"epochs": empty.astype("Int64"), "seconds": content[SECONDS]}
    columns["parameters"] = content[PARAMETERS].round().astype("Int64")
    columns |= {"macs": empty.astype("Int64"), "classes": empty.astype("Int64"), "folder": content["folder"]}
    reasons = {
        "missing": f"There is no {asked.row} for this variant and seed.",
        "failed": "The run has no value of the metric.",
    }
    columns |= {"error": content["status"].map(reasons).fillna("")}
    columns |= dict.fromkeys(("code_sha256", "commit", "rerun"))
    return pd.DataFrame(columns)
