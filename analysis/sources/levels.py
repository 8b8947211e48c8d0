"""Levels of factors as text, and the baseline among them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

UNSET = "(not set)"  # level of a factor that a run does not set


def texts(column: pd.Series) -> pd.Series:
    """Levels as text: whole numbers without decimals, `UNSET` where there is none."""
    result = column.astype(object).where(column.notna(), UNSET).map(_text)
    return result.replace("", UNSET)


def _text(level: Any) -> str:
    return repr(float(level)).removesuffix(".0") if isinstance(level, float) else str(level).strip()


def baseline_of(levels: pd.DataFrame, asked: Mapping[str, str] | None, name: str) -> dict[str, str]:
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
