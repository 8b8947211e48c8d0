"""A design: which variants x seeds a study runs, and where each run is kept."""

import hashlib
import itertools
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from ablate.config.schema import Study
from ablate.runs import record, schema
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
    """What the overrides of a study say: fixed settings, factors with their levels, the baseline's first, and seeds."""

    fixed: tuple[str, ...]
    factors: dict[str, list[str]]
    seeds: tuple[int, ...]
    bundles: Bundles = field(default_factory=dict)

    def overrides(self, variant: Variant) -> list[str]:
        """What Hydra is given for a variant: each of its levels is one override, or a bundle of several."""
        words = [self.bundles.get(factor, {}).get(level, [f"{factor}={level}"]) for factor, level in variant.items()]
        return [*self.fixed, *itertools.chain.from_iterable(words)]


def read(overrides: Sequence[Override], bundles: Bundles | None = None) -> Sweep:
    """Sort parsed overrides; one given twice counts as given last, as in Hydra. A bundle not swept over has all levels.

    Raises:
        InputError: a sweep that has no list of levels, or over something that is not a factor.
    """
    bundles = bundles or {}
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
        given = list(override.sweep_string_iterator())
        factors[key] = list(dict.fromkeys(given))
        if len(factors[key]) < len(given):
            log.warning("%s: a level that is given twice counts once", override.input_line)
    fixed.pop("study.name", None)  # the sweeper gives it to each run, written out
    seeds = factors.pop("seed", [fixed.pop("seed", "seed=0").partition("=")[2]])
    if not all(seed.isdecimal() for seed in seeds):
        raise InputError(f"seed={','.join(seeds)}: a seed is a whole number, at least 0.")
    for factor in [factor for factor, levels in factors.items() if len(levels) == 1]:
        fixed[factor] = f"{factor}={factors.pop(factor)[0]}"
    for factor, levels in bundles.items():
        if factor in schema.COLUMNS:
            raise InputError(f"study.bundles.{factor}: that is a column of every report; give the bundle another name.")
        unknown = set(factors.setdefault(factor, list(levels))) - set(levels)
        if unknown or len(factors[factor]) < 2:
            raise InputError(
                f"study.bundles.{factor} has the levels {', '.join(levels)}; a study needs two or more of these."
            )
    _check_apart(factors, bundles)
    return Sweep(tuple(fixed.values()), factors, tuple(map(int, seeds)), bundles)


def _check_apart(factors: Mapping[str, Sequence[str]], bundles: Bundles) -> None:
    """Refuse two factors that set the same key: which of them a variant has would depend on their order."""
    sets = {factor: {factor} for factor in factors if factor not in bundles}
    for factor, levels in bundles.items():
        sets[factor] = {word.partition("=")[0].lstrip("+~") for words in levels.values() for word in words}
    for one, other in itertools.combinations(sets, 2):
        if both := sets[one] & sets[other]:
            raise InputError(
                f"The factors {one} and {other} both set {', '.join(sorted(both))}; let one of them do it."
            )


def variants(settings: Study, factors: Mapping[str, Sequence[str]]) -> list[Variant]:
    """The variants of the design in `settings`, the baseline first, without those that a rule excludes.

    Raises:
        InputError: a rule names something that is no factor or level, or excludes the baseline.
    """
    for rule in settings.exclude:
        for factor, level in rule.items():
            if str(level) not in factors.get(factor, ()):
                raise InputError(f"study.exclude: {factor}={level} is no factor and level of this study.")

    def excluded(variant: Variant) -> bool:
        return any(all(variant[factor] == str(level) for factor, level in rule.items()) for rule in settings.exclude)

    if excluded(design.baseline(factors)):
        raise InputError("study.exclude leaves out the baseline, with which every other variant is compared.")
    parameters = {"seed": settings.draw_seed} if settings.design == "random" else {}
    allowed = itertools.filterfalse(excluded, design.DESIGNS[settings.design](factors, **parameters))
    return list(itertools.islice(allowed, settings.draws))


def variant_name(levels: Variant, baseline: Variant) -> str:
    """`baseline`, or what differs from it, `model=cnn+augmentation=none`; safe and short enough for a folder."""
    changes = [f"{factor}={level}" for factor, level in levels.items() if level != baseline[factor]]
    name = "+".join(changes) or "baseline"
    safe = re.sub(r"[^\w.=+,\[\]-]", "-", without_home(name))  # a level may be a path
    if safe == name and len(name) <= LONGEST:
        return name
    return f"{safe[: LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def runs(sweep: Sweep, settings: Study) -> list[dict[str, Any]]:
    """The planned runs, variant by variant, baseline first: variant, factors, seed, folder."""
    planned = []
    for levels in variants(settings, sweep.factors):
        variant = variant_name(levels, design.baseline(sweep.factors))
        for seed in sweep.seeds:
            planned.append({"variant": variant, "factors": levels, "seed": seed, "folder": f"{variant}/seed={seed}"})
    return planned


def extended(folder: Path, study: dict[str, Any], extend: bool) -> dict[str, Any]:
    """The new plan together with the one already in the folder; only with `extend` may it have runs that are new.

    Raises:
        InputError: the folder holds a study of other factors, another baseline, or other runs.
    """
    if not (folder / "study.json").exists():
        return study
    old = record.read_study(folder)
    if old["baseline"] != study["baseline"]:
        raise InputError(
            f"{folder} holds a study with another baseline or other factors ({old['command']}); "
            "give this one another study.name."
        )
    known = {run["folder"] for run in old["runs"]}
    new = sum(run["folder"] not in known for run in study["runs"])
    if not extend and (new or old.get("design") != study["design"]):
        raise InputError(
            f"{folder} holds a study of design {old.get('design')} with {len(known)} runs ({old['command']}), and "
            f"{new} of the runs now planned are not among them. Say --extend to add them, or give another study.name."
        )
    factors = {name: list(dict.fromkeys(old["factors"][name] + levels)) for name, levels in study["factors"].items()}
    runs = {run["folder"]: run for run in [*old["runs"], *study["runs"]]}
    return {**study, "factors": factors, "seeds": sorted({*old["seeds"], *study["seeds"]}), "runs": list(runs.values())}
