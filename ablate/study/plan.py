"""Factors and seeds -> variants and runs: which runs a study plans, and the folder of each."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ablate.runs import study_plan
from ablate.study import design, fractions, path
from ablate.study.design import Variant
from ablate.study.factors import Sweep
from ablate.study.level import level_text, same_level
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError

TOO_MANY = study_plan.MOST_RUNS + 1  # no more variants or runs are listed, as `replicates` refuses them


class DesignSettings(path.PathSettings, Protocol):
    """What a design needs of the settings of a study; see `StudySettings`."""

    @property
    def draws(self) -> int | None:
        """Number of variants of the random design."""

    @property
    def draw_seed(self) -> int:
        """Seed of the random design."""


class Replicate(NamedTuple):
    """A planned run: the name of its variant, the level of each factor, the seed, and the variant's tuned settings."""

    variant: str
    factors: Variant
    seed: int
    settings: Mapping[str, str] = MappingProxyType({})

    @property
    def levels(self) -> Variant:
        """The levels that the run is composed from."""
        return {**self.factors, **self.settings}

    @property
    def folder(self) -> str:
        """The folder of the run, relative to the study."""
        return f"{self.variant}/seed={self.seed}"


Quality = Callable[[Variant], float | None]


def variants(
    settings: DesignSettings, factors: Mapping[str, Sequence[str]], quality: Quality = lambda variant: None
) -> list[Variant]:
    """The variants of the design in `settings`, the baseline first, without those in `study.exclude`.

    Args:
        settings: of the study.
        factors: {factor: levels}.
        quality: of a variant that has results, which the design `path` needs; larger is better.

    Raises:
        InputError: `study.exclude` names an unknown factor or level, or excludes the baseline; or the factors have no
            such fraction.
    """
    fractions.check(settings, factors)
    if settings.design in fractions.FRACTIONS:
        return list(fractions.variants(settings, factors))
    if settings.design == path.PATH:
        path.check(settings, factors)
        return list(path.variants(factors, quality))
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
    return list(itertools.islice(allowed, min(settings.draws or TOO_MANY, TOO_MANY)))


def in_blocks(
    settings: DesignSettings, factors: Mapping[str, Sequence[str]], quality: Quality = lambda variant: None
) -> list[Variant]:
    """The variants of the design in each level of the block; `variants` without a block. The baseline comes first.

    Raises:
        InputError: the block is not a factor; or as for `variants`.
    """
    if settings.block is None:
        return variants(settings, factors, quality)
    if settings.block not in factors:
        raise InputError(
            f"{settings.prefix}.block={settings.block} is not a factor of this study. List the data sets or other"
            f" levels to compare within: {settings.block}=A,B"
        )
    rest = {factor: levels for factor, levels in factors.items() if factor != settings.block}
    compared = variants(settings, rest, quality)
    blocks = (
        {factor: variant.get(factor, level) for factor in factors}
        for level in factors[settings.block]
        for variant in compared
    )
    return list(itertools.islice(blocks, TOO_MANY))


def replicates(sweep: Sweep, settings: DesignSettings, quality: Quality = lambda variant: None) -> list[Replicate]:
    """The planned runs, grouped by variant, the baseline first. InputError if they are more than a plan can have."""
    baseline = design.baseline(sweep.factors)
    levels = in_blocks(settings, sweep.factors, quality)
    runs = (Replicate(variant_name(chosen, baseline), chosen, seed) for chosen in levels for seed in sweep.seeds)
    planned = list(itertools.islice(runs, TOO_MANY))
    if len(planned) == TOO_MANY:
        raise InputError(f"The study has more than {study_plan.MOST_RUNS:,} runs. Choose fewer levels or seeds.")
    return planned
