"""Overrides -> factors, variants and seeds: the runs of a study, and where each is kept."""

import hashlib
import itertools
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from hydra.core.override_parser.types import Override

from ablate.config.schema import StudySettings
from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.study import design
from ablate.study.design import Variant
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home

log = logging.getLogger(__name__)
LONGEST = 120  # characters of a variant's folder; file systems allow 255, paths on some of them 260 in all
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

    def overrides(self, variant: Variant) -> list[str]:
        """Return the overrides of a variant."""
        words = [self.bundles.get(factor, {}).get(level, [f"{factor}={level}"]) for factor, level in variant.items()]
        return [*self.fixed, *itertools.chain.from_iterable(words)]


class Replicate(NamedTuple):
    """A planned run: the name of its variant, the level of each factor, and the seed."""

    variant: str
    factors: Variant
    seed: int

    @property
    def folder(self) -> str:
        """The folder of the run, relative to the study."""
        return f"{self.variant}/seed={self.seed}"


def read(overrides: Sequence[Override], bundles: Bundles | None = None) -> Sweep:
    """Sort parsed overrides; of two for the same key the last counts, as in Hydra.

    A bundle that is not swept over has all its levels.

    Raises:
        InputError: a sweep that has no list of levels, or over something that is not a factor.
    """
    bundles = bundles or {}
    fixed, factors = _sorted(overrides)
    seeds = factors.pop("seed", [fixed.pop("seed", "seed=0").partition("=")[2]])
    if not all(seed.isdecimal() for seed in seeds):
        raise InputError(f"seed={','.join(seeds)}: a seed is a whole number, at least 0.")
    for factor in [factor for factor, levels in factors.items() if len(levels) == 1]:
        fixed[factor] = f"{factor}={factors.pop(factor)[0]}"
    for factor, levels in bundles.items():
        _check_bundle(factor, levels, factors.setdefault(factor, list(levels)))
    _check_apart(factors, bundles)
    return Sweep(tuple(fixed.values()), factors, tuple(map(int, seeds)), bundles)


def _sorted(overrides: Sequence[Override]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The fixed settings, each as an override, and the levels of what is swept over; both by key."""
    fixed: dict[str, str] = {}
    factors: dict[str, list[str]] = {}
    for override in overrides:
        key = override.get_key_element()
        if not override.is_sweep_override():
            factors.pop(key, None)
            fixed[key] = override.input_line or f"{key}={override.get_value_element_as_str()}"
            continue
        if not override.is_discrete_sweep():
            raise InputError(
                f"{override.input_line}: an interval has no levels; give a list, range(...) or choice(...), "
                "or search it: ablate train hydra/sweeper=optuna."
            )
        if re.split(r"[./]", key)[0] in NOT_FACTORS:
            raise InputError(f"{override.input_line}: {key} is not a factor; give it a single value.")
        fixed.pop(key, None)
        levels = list(override.sweep_string_iterator())
        factors[key] = list(dict.fromkeys(levels))
        if len(factors[key]) < len(levels):
            log.warning("%s: a level that is given twice counts once", override.input_line)
    fixed.pop("study.name", None)  # the sweeper gives it to each run, written out
    return fixed, factors


def _check_bundle(factor: str, levels: Mapping[str, Sequence[str]], swept: Sequence[str]) -> None:
    """Raise InputError if a bundle has the name of a report column, or is swept over unknown levels."""
    if factor in study_plan.COLUMNS:
        raise InputError(f"study.bundles.{factor}: reports have a column of this name. Rename the bundle.")
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


def variants(settings: StudySettings, factors: Mapping[str, Sequence[str]]) -> list[Variant]:
    """The variants of the design in `settings`, the baseline first, without those in `study.exclude`.

    Raises:
        InputError: `study.exclude` names an unknown factor or level, or excludes the baseline.
    """
    for rule in settings.exclude:
        for factor, level in rule.items():
            if str(level) not in factors.get(factor, ()):
                raise InputError(f"study.exclude: {factor}={level} is not a factor and level of this study.")

    def excluded(variant: Variant) -> bool:
        return any(all(variant[factor] == str(level) for factor, level in rule.items()) for rule in settings.exclude)

    if excluded(design.baseline(factors)):
        raise InputError("study.exclude excludes the baseline, with which every other variant is compared.")
    parameters = {"seed": settings.draw_seed} if settings.design == "random" else {}
    allowed = itertools.filterfalse(excluded, design.DESIGNS[settings.design](factors, **parameters))
    return list(itertools.islice(allowed, settings.draws))


def variant_name(levels: Variant, baseline: Variant) -> str:
    """Name a variant by its differences from the baseline: `model=cnn+augmentation=none`. Valid as a folder name."""
    changes = [f"{factor}={level}" for factor, level in levels.items() if level != baseline[factor]]
    name = "+".join(changes) or BASELINE
    safe = re.sub(r"[^\w.=+,\[\]-]", "-", without_home(name))  # a level may be a path
    if safe == name and len(name) <= LONGEST:
        return name
    return f"{safe[: LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def replicates(sweep: Sweep, settings: StudySettings) -> list[Replicate]:
    """The planned runs, grouped by variant, the baseline first."""
    baseline = design.baseline(sweep.factors)
    levels = variants(settings, sweep.factors)
    return [Replicate(variant_name(chosen, baseline), chosen, seed) for chosen in levels for seed in sweep.seeds]


def extended(folder: Path, plan: StudyPlan, extend: bool) -> StudyPlan:
    """Merge a plan with the one in the folder. Adding runs requires `extend`.

    Raises:
        InputError: the folder contains a study with other factors, another baseline, or other runs.
    """
    if not (folder / study_plan.FILE).exists():
        return plan
    old = study_plan.read(folder)
    if old.baseline != plan.baseline:
        raise InputError(
            f"{folder} contains a study with another baseline or other factors ({old.command}). "
            "Choose another study.name."
        )
    known = {run.folder for run in old.runs}
    new = sum(run.folder not in known for run in plan.runs)
    if not extend and (new or old.design != plan.design):
        difference = f"without {new} of the planned runs" if new else f"with the design {old.design}"
        raise InputError(
            f"{folder} contains a study {difference} ({old.command}). Extend it with --extend, or choose another"
            " study.name."
        )
    factors = {name: list(dict.fromkeys([*old.factors[name], *levels])) for name, levels in plan.factors.items()}
    runs = {run.folder: run for run in [*old.runs, *plan.runs]}
    seeds = sorted({*old.seeds, *plan.seeds})
    return msgspec.structs.replace(plan, factors=factors, seeds=seeds, runs=list(runs.values()))
