"""Overrides -> factors, variants and seeds: the runs of a study, and where each is kept."""

import hashlib
import itertools
import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from ablate.config.quoting import unquoted
from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE
from ablate.study import design
from ablate.study.design import Variant
from ablate.study.level import level_text, same_level
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home

log = logging.getLogger(__name__)
LONGEST = 120  # bytes of a variant's folder; file systems allow 255, paths on some of them 260 in all
NOT_FACTORS = ("study", "hydra")
Bundles = Mapping[str, Mapping[str, Sequence[str]]]  # factor -> level -> overrides


@dataclass(frozen=True)
class Sweep:
    """The parsed overrides of a study.

    fixed    overrides that all runs share
    factors  {factor: levels}, the baseline's level first
    seeds    one run of each variant per seed
    bundles  {factor: {level: overrides}} of factors whose levels are groups of overrides
    """

    fixed: tuple[str, ...]
    factors: dict[str, list[str]]
    seeds: tuple[int, ...]
    bundles: Bundles = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)  # `+` or `++` of a factor whose overrides have one
    seed_key: str = "seed"  # with a prefix if the configuration lacks it; empty if runs have no seed

    def overrides(self, variant: Variant) -> list[str]:
        """Return the overrides of a variant."""
        words = [
            self.bundles.get(factor, {}).get(level, [f"{self.prefixes.get(factor, '')}{factor}={level}"])
            for factor, level in variant.items()
        ]
        return [*self.fixed, *itertools.chain.from_iterable(words)]

    def seed_override(self, seed: int) -> list[str]:
        """Return the override that sets the seed, if runs have one."""
        return [f"{self.seed_key}={seed}"] if self.seed_key else []


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


def read(
    overrides: Sequence[Override], bundles: Bundles | None = None, seed: int | None = 0, seed_key: str = "seed"
) -> Sweep:
    """Sort parsed overrides, which mean what they mean in one run: of two for the same key the last counts.

    A bundle that is not swept over has all its levels.

    Args:
        overrides: of the study file and the command line, in this order.
        bundles: the bundles of the study.
        seed: of the configuration, for overrides without one; None if the configuration has no seed.
        seed_key: key of the seed.

    Raises:
        InputError: a sweep has no list of levels, or is not over a factor.
    """
    bundles = bundles or {}
    of_seed = [override for override in overrides if name_of(override) == seed_key]
    seeds = _seeds(of_seed, seed, seed_key)
    fixed, factors, prefixes = _sorted([override for override in overrides if name_of(override) != seed_key])
    for factor, levels in bundles.items():
        factors[factor] = [unquoted(level) for level in factors.get(factor, levels)]
        _check_bundle(factor, levels, factors[factor])
    _check_apart(factors, bundles)
    prefixes = {name: prefixes[name] for name in factors if name in prefixes}
    added = "" if seed is not None else f"++{seed_key}" if of_seed else ""
    return Sweep(tuple(fixed), factors, seeds, bundles, prefixes, seed_key if seed is not None else added)


def name_of(override: Override) -> str:
    """The key of an override without its prefix: `optimizer.lr` of `++optimizer.lr=0.1`; with its package, if any."""
    return override.get_key_element().lstrip("+~")


def prefix_of(override: Override) -> str:
    """The prefix of an override: `+`, `++`, `~`, or nothing."""
    return override.get_key_element().removesuffix(name_of(override))


def _seeds(overrides: Sequence[Override], default: int | None, key: str) -> tuple[int, ...]:
    """The seeds in the last override of the seed; the default if there is none."""
    if not overrides:
        return (default or 0,)
    last = overrides[-1]
    if wrong := [
        override for override in overrides if prefix_of(override) in ("~", "+" if default is not None else "")
    ]:
        if default is None:
            raise InputError(f"{wrong[0].input_line}: the configuration has no key {key}. Add it with +{key}=0,1,2.")
        raise InputError(
            f"{wrong[0].input_line}: the configuration already has a seed. Set it with {key}=... or ++{key}=..."
        )
    if last.is_sweep_override() and not last.is_discrete_sweep():
        raise InputError(f"{last.input_line}: an interval has no levels; list the seeds.")
    texts = _levels(last) if last.is_sweep_override() else [last.get_value_element_as_str()]
    texts = [str(default or 0) if "${" in text else text.strip("'\"") for text in texts]
    if not all(text.isdecimal() and int(text) < 2**63 for text in texts):
        raise InputError(f"{key}={','.join(texts)}: a seed is a whole number, at least 0 and less than 2**63.")
    return tuple(dict.fromkeys(map(int, texts)))


def _sorted(overrides: Sequence[Override]) -> tuple[list[str], dict[str, list[str]], dict[str, str]]:
    """Sort overrides into fixed settings (in their order), {swept key: levels} and {swept key: prefix}.

    If several fixed settings have the same key, all are kept: Hydra applies them one after the other.
    """
    fixed: list[str] = []
    factors: dict[str, list[str]] = {}
    prefixes: dict[str, str] = {}
    for override in overrides:
        key, prefix = name_of(override), prefix_of(override)
        if not override.is_sweep_override():
            if (levels := factors.pop(key, None)) and prefixes[key]:
                fixed.append(f"{prefixes[key]}{key}={levels[0]}")  # which may have added the key
            if key != "study.name":  # the sweeper gives it to each run, written out
                fixed.append(override.input_line or f"{prefix}{key}={override.get_value_element_as_str()}")
            continue
        if not override.is_discrete_sweep():
            raise InputError(
                f"{override.input_line}: an interval has no levels; give a list, range(...) or choice(...), "
                "or search it: ablate train hydra/sweeper=optuna."
            )
        if re.split(r"[./]", key)[0] in NOT_FACTORS:
            raise InputError(f"{override.input_line}: {key} is not a factor; give it a single value.")
        levels = _levels(override)
        kept = list(dict.fromkeys(levels))
        if len(kept) < len(levels):
            log.warning("%s: a level that is given twice counts once", override.input_line)
        factors.pop(key, None)
        if len(kept) == 1:
            fixed.append(f"{prefix}{key}={kept[0]}")
        else:
            factors[key], prefixes[key] = kept, prefix
    return fixed, factors, {key: prefix for key, prefix in prefixes.items() if prefix}


def _levels(override: Override) -> list[str]:
    """The levels of a sweep as text; InputError if there are none, or if they are shuffled."""
    if getattr(override.value(), "shuffle", False):
        raise InputError(f"{override.input_line}: shuffle(...) would change the baseline, the first level, each time.")
    levels = list(itertools.islice(override.sweep_string_iterator(), study_plan.MOST_RUNS + 1))
    if len(levels) > study_plan.MOST_RUNS:
        raise InputError(f"{override.input_line} has more than {study_plan.MOST_RUNS:,} levels.")
    if not levels:
        raise InputError(f"{override.input_line} has no levels: no option matches, or the range is empty.")
    return levels


def _check_bundle(factor: str, levels: Mapping[str, Sequence[str]], swept: Sequence[str]) -> None:
    """Raise InputError if a bundle has the name of a report column, or is swept over unknown levels."""
    if factor in study_plan.COLUMNS:
        raise InputError(f"study.bundles.{factor}: reports have a column of this name. Rename the bundle.")
    for override in OverridesParser.create().parse_overrides([word for level in levels.values() for word in level]):
        if override.is_sweep_override() or re.split("[./@]", name_of(override))[0] in ("seed", *NOT_FACTORS):
            why = "it has several values" if override.is_sweep_override() else "it is the same for all runs"
            raise InputError(f"study.bundles.{factor}: {override.input_line} cannot be part of a level: {why}.")
    if set(swept) - set(levels) or len(swept) < 2:
        raise InputError(f"study.bundles.{factor} has the levels {', '.join(levels)}. Select at least two of them.")


def _check_apart(factors: Mapping[str, Sequence[str]], bundles: Bundles) -> None:
    """Raise InputError if two factors set the same key, because the result would depend on their order."""
    sets = {factor: {factor} for factor in factors if factor not in bundles}
    for factor, levels in bundles.items():
        sets[factor] = {word.partition("=")[0].lstrip("+~") for words in levels.values() for word in words}
    for one, other in itertools.combinations(sets, 2):
        if both := sets[one] & sets[other]:
            raise InputError(
                f"The factors {one} and {other} both set {', '.join(sorted(both))}. Remove it from one of them."
            )


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
