"""Economical designs: a fraction of all combinations of two-level factors, through pydoe.

The columns of a design are multiplied by signs such that the baseline, all factors at their first level, is among the
runs. That changes the signs of its aliases, but neither its size nor its resolution.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ablate.study.aliases import Signs, words
from ablate.study.design import Factors, Variant
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

FRACTIONS = ("fractional", "plackett_burman")
RESOLUTIONS = (3, 4, 5)
RESOLUTION = 4  # if none is set: main effects are clear of two-way interactions
MOST_FACTORS = 50
ALL = "all"  # study.foldover: change the levels of all factors


class FractionSettings(Protocol):
    """What a fraction needs of the settings of a study; see `StudySettings`."""

    @property
    def prefix(self) -> str:
        """The start of its keys on the command line, such as `study`."""

    @property
    def design(self) -> str:
        """Name of the design."""

    @property
    def resolution(self) -> int | None:
        """Least resolution of a fractional design; None: `RESOLUTION`."""

    @property
    def draw_seed(self) -> int:
        """Seed of the random design."""

    @property
    def foldover(self) -> str | None:
        """Add the runs with the other level of this factor, or of `ALL` factors."""

    @property
    def exclude(self) -> list[dict[str, Any]]:
        """Combinations of levels to leave out, which a fraction cannot have."""


def check(settings: FractionSettings, factors: Factors) -> None:
    """Raise InputError for settings that contradict the design."""
    prefix, design = settings.prefix, settings.design
    if settings.resolution is not None and design != "fractional":
        raise InputError(f"{prefix}.resolution applies only to {prefix}.design=fractional. Remove it.")
    if settings.draw_seed != 0 and design != "random":
        raise InputError(f"{prefix}.draw_seed applies only to {prefix}.design=random. Remove it.")
    if design not in FRACTIONS:
        if settings.foldover is not None:
            raise InputError(f"{prefix}.foldover applies only to {prefix}.design={' and '.join(FRACTIONS)}. Remove it.")
        return
    named = f"{prefix}.design={design}"
    if settings.exclude:
        raise InputError(
            f"{prefix}.exclude cannot be combined with {named}, which estimates effects from all of its runs. Remove"
            f" the rules, or type {prefix}.design=factorial."
        )
    for factor, levels in factors.items():
        if len(levels) != 2:
            raise InputError(
                f"{named} needs two levels of each factor, and {factor} has {len(levels)}: {first_few(levels, 6)}. Type"
                f" {factor}={','.join(levels[:2])}, or {prefix}.design=one_at_a_time."
            )
    if len(factors) > MOST_FACTORS:
        raise InputError(f"{named} has {len(factors)} factors, more than the limit of {MOST_FACTORS}.")
    if settings.foldover not in (None, ALL, *factors):
        raise InputError(
            f"{prefix}.foldover={settings.foldover} is not a factor. Type {prefix}.foldover={ALL}, or one of"
            f" {first_few(factors, 12)}."
        )


def variants(settings: FractionSettings, factors: Factors) -> Iterator[Variant]:
    """Yield the variants of a fraction, the baseline first, then those of its foldover.

    Raises:
        InputError: there is no such fraction of these factors, or pydoe is not installed.
    """
    signs = _fractional(settings, len(factors)) if settings.design == "fractional" else _screening(settings, factors)
    signs = -signs * signs[0]
    if settings.foldover is not None:
        signs = _folded(settings, list(factors), signs)
    for row in signs:
        yield {factor: levels[int(sign > 0)] for (factor, levels), sign in zip(factors.items(), row, strict=True)}


def _fractional(settings: FractionSettings, count: int) -> Signs:
    """The smallest regular fraction of at least this resolution."""
    least = settings.resolution or RESOLUTION
    if count < least:
        smaller = [one for one in RESOLUTIONS if one <= count]
        advice = f", or {settings.prefix}.resolution={smaller[-1]}" if smaller else ""
        raise InputError(
            f"{settings.prefix}.resolution={least} has no fraction of {plural(count, 'factor')}: it would be all"
            f" {2**count} combinations. Type {settings.prefix}.design=factorial{advice}."
        )
    try:
        signs = np.asarray(_pydoe(settings).fracfact_by_res(count, least))
    except ValueError as error:  # no design found within the limits of its search
        raise InputError(f"{settings.prefix}.resolution={least} with {plural(count, 'factor')}: {error}.") from None
    if next(words(signs, least - 1), None):  # before pydoe 1.5, of nine and more factors
        raise InputError(
            f"This version of pydoe has no fraction of resolution {least} of {plural(count, 'factor')}: pip install -U"
            " pydoe."
        )
    return signs


def _screening(settings: FractionSettings, factors: Factors) -> Signs:
    """The smallest Plackett-Burman design."""
    count = len(factors)
    if count < 3:
        raise InputError(
            f"{settings.prefix}.design=plackett_burman of {plural(count, 'factor')} would be all {2**count}"
            f" combinations. Type {settings.prefix}.design=factorial."
        )
    pbdesign, columns = _pydoe(settings).pbdesign, count
    while True:
        try:
            return np.asarray(pbdesign(columns))[:, :count]
        except ValueError:  # pydoe has none of 28 and 36 runs: columns of the next larger one
            columns = 4 * (columns // 4 + 1)


def _folded(settings: FractionSettings, names: Sequence[str], signs: Signs) -> Signs:
    """The runs, then those with the other level of the folded factors."""
    folded = [settings.foldover in (ALL, name) for name in names]
    reflected = signs * np.where(folded, -1, 1)
    known = {tuple(row) for row in signs}
    new = [row for row in reflected if tuple(row) not in known]
    if not new:
        advice = (
            f"Type {settings.prefix}.foldover={names[0]} to separate the interactions of {names[0]}"
            if settings.foldover == ALL
            else "Name another factor"
        )
        raise InputError(
            f"{settings.prefix}.foldover={settings.foldover} repeats the runs of this fraction. {advice}, or type"
            f" {settings.prefix}.design=factorial."
        )
    return np.array([*signs, *new])


def _pydoe(settings: FractionSettings) -> Any:
    try:
        import pydoe
    except ModuleNotFoundError:
        raise InputError(
            f"{settings.prefix}.design={settings.design} needs pydoe: pip install 'hydra-ablate[designs]'."
        ) from None
    return pydoe
