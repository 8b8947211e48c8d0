"""Overrides -> the factors of a study with their levels, its seeds, and the settings that all runs share."""

import itertools
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from ablate.config.quoting import unquoted
from ablate.runs import study_plan
from ablate.study.design import Variant
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
Level = TypeVar("Level", str, int)
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
    return tuple(_once([int(text) for text in texts], last))


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
        kept = _once(_levels(override), override)
        if factors.pop(key, None):
            prefix = prefix or prefixes[key]  # the replaced levels may have added the key
        if len(kept) == 1:
            fixed.append(f"{prefix}{key}={kept[0]}")
        else:
            factors[key], prefixes[key] = kept, prefix
    return fixed, factors, {key: prefix for key, prefix in prefixes.items() if prefix}


def _once(levels: Sequence[Level], override: Override) -> list[Level]:
    """The levels without repetitions; warns of them."""
    kept = list(dict.fromkeys(levels))
    if len(kept) < len(levels):
        log.warning("%s: a level that is given twice counts once", override.input_line)
    return kept


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
