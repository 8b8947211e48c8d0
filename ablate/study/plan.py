"""Factors and seeds -> variants and runs: which runs a study plans, and the folder of each."""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE
from ablate.study import design
from ablate.study.design import Variant
from ablate.study.factors import Sweep
from ablate.study.level import level_text, same_level
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home

LONGEST = 120  # bytes of a variant's folder; file systems allow 255, paths on some of them 260 in all


class DesignSettings(Protocol):
    """What a design needs of the settings of a study; see `StudySettings`."""

    @property
    def design(self) -> str:
        """Name of the design."""

    @property
    def draws(self) -> int | None:
        """Number of variants of the random design."""

    @property
    def draw_seed(self) -> int:
        """Seed of the random design."""

    @property
    def exclude(self) -> list[dict[str, Any]]:
        """Combinations of levels to leave out."""


class Replicate(NamedTuple):
    """A planned run: the name of its variant, the level of each factor, and the seed."""

    variant: str
    factors: Variant
    seed: int

    @property
    def folder(self) -> str:
        """The folder of the run, relative to the study."""
        return f"{self.variant}/seed={self.seed}"


def variants(settings: DesignSettings, factors: Mapping[str, Sequence[str]]) -> list[Variant]:
    """The variants of the design in `settings`, the baseline first, without those in `study.exclude`.

    Raises:
        InputError: `study.exclude` names an unknown factor or level, or excludes the baseline.
    """
    for rule in settings.exclude:
        for factor, level in rule.items():
            if not any(same_level(level, known) for known in factors.get(factor, ())):
                raise InputError(
                    f"study.exclude: {factor}={level_text(level)} is not a factor and level of this study."
                )

    def excluded(variant: Variant) -> bool:
        return any(
            all(same_level(variant[factor], level) for factor, level in rule.items()) for rule in settings.exclude
        )

    if excluded(design.baseline(factors)):
        raise InputError("study.exclude excludes the baseline, with which every other variant is compared.")
    parameters = {"seed": settings.draw_seed} if settings.design == "random" else {}
    allowed = itertools.filterfalse(excluded, design.DESIGNS[settings.design](factors, **parameters))
    return list(itertools.islice(allowed, settings.draws))


def variant_name(levels: Variant, baseline: Variant) -> str:
    """Name a variant by its differences from the baseline: `model=cnn+augmentation=none`. Valid as a folder name."""
    changes = [f"{factor}={level}" for factor, level in levels.items() if level != baseline[factor]]
    name = "+".join(changes) or BASELINE
    safe = unicodedata.normalize("NFC", re.sub(r"[^\w.=+,\[\]-]", "-", without_home(name)))  # a level may be a path
    encoded = safe.encode()
    if safe == name and len(encoded) <= LONGEST:
        return name
    start = encoded[: LONGEST - 9].decode(errors="ignore")  # a character that is cut in two is dropped
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def replicates(sweep: Sweep, settings: DesignSettings) -> list[Replicate]:
    """The planned runs, grouped by variant, the baseline first. InputError if they are more than a plan can have."""
    baseline = design.baseline(sweep.factors)
    levels = variants(settings, sweep.factors)
    runs = (Replicate(variant_name(chosen, baseline), chosen, seed) for chosen in levels for seed in sweep.seeds)
    planned = list(itertools.islice(runs, study_plan.MOST_RUNS + 1))
    if len(planned) > study_plan.MOST_RUNS:
        raise InputError(f"The study has more than {study_plan.MOST_RUNS:,} runs. Choose fewer levels or seeds.")
    return planned
