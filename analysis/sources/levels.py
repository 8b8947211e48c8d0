"""Levels of factors: the baseline among them, and their lengths."""

from collections.abc import Mapping

import pandas as pd

from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

LONGEST = 1000  # characters of a level


def check_lengths(levels: pd.DataFrame, name: str) -> None:
    """Raise InputError for a level that is too long for a table."""
    for factor in levels:
        longest = max(levels[factor], key=len)
        if len(longest) > LONGEST:
            raise InputError(
                f"{name}: a level of {factor:.80} has {len(longest):,} characters ({longest[:40]!r}...), more than the"
                f" limit of {LONGEST:,}. Choose other columns with --factors."
            )


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
