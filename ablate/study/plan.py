"""A design: which variants x seeds a study runs, and where each run is kept."""

import hashlib
import itertools
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from ablate import record
from ablate.errors import InputError

LONGEST = 120  # characters of a variant's folder; file systems allow 255, paths on some of them 260 in all
NOT_FACTORS = ("study", "hydra")


@dataclass(frozen=True)
class Sweep:
    """What the overrides of a study say: fixed settings, factors with their levels, the baseline's first, and seeds."""

    fixed: tuple[str, ...]
    factors: dict[str, list[str]]
    seeds: tuple[int, ...]

    @property
    def baseline(self) -> dict[str, str]:
        """The first level of every factor."""
        return {factor: levels[0] for factor, levels in self.factors.items()}


def read(overrides: Sequence[Override]) -> Sweep:
    """Sort parsed overrides; one given twice counts as given last, as in Hydra.

    Raises:
        InputError: a sweep that has no list of levels, or over something that is not a factor.
    """
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
                f"{override.input_line}: an interval has no levels; give a list, range(...) or choice(...)."
            )
        if re.split(r"[./]", key)[0] in NOT_FACTORS:
            raise InputError(f"{override.input_line}: {key} is not a factor; give it a single value.")
        fixed.pop(key, None)
        factors[key] = list(dict.fromkeys(override.sweep_string_iterator()))
    fixed.pop("study.name", None)  # the sweeper gives it to each run, written out
    seeds = factors.pop("seed", [fixed.pop("seed", "seed=0").partition("=")[2]])
    if not all(seed.isdecimal() for seed in seeds):
        raise InputError(f"seed={','.join(seeds)}: a seed is a whole number, at least 0.")
    for factor in [factor for factor, levels in factors.items() if len(levels) == 1]:
        fixed[factor] = f"{factor}={factors.pop(factor)[0]}"
    return Sweep(tuple(fixed.values()), factors, tuple(map(int, seeds)))


def factorial(sweep: Sweep) -> Iterable[dict[str, str]]:
    """Every combination of levels, the baseline first."""
    for levels in itertools.product(*sweep.factors.values()):
        yield dict(zip(sweep.factors, levels, strict=True))


DESIGNS = {"factorial": factorial}


def variant_name(levels: dict[str, str], baseline: dict[str, str]) -> str:
    """`baseline`, or what differs from it, `model=cnn+augmentation=none`; safe and short enough for a folder."""
    changes = [f"{factor}={level}" for factor, level in levels.items() if level != baseline[factor]]
    name = "+".join(changes) or "baseline"
    safe = re.sub(r"[^\w.=+,\[\]-]", "-", name)
    if safe == name and len(name) <= LONGEST:
        return name
    return f"{safe[: LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def runs(sweep: Sweep, design: str) -> list[dict[str, Any]]:
    """The planned runs, variant by variant, baseline first: variant, factors, seed, folder."""
    planned = []
    for levels in DESIGNS[design](sweep):
        variant = variant_name(levels, sweep.baseline)
        for seed in sweep.seeds:
            planned.append({"variant": variant, "factors": levels, "seed": seed, "folder": f"{variant}/seed={seed}"})
    return planned


def place(study: Path | None, folder: Path) -> dict[str, Any]:
    """The study, variant and factors of the run in `folder`; all empty for a run outside a study."""
    if study is None:
        return {"study": None, "variant": None, "factors": {}}
    inside = folder.resolve().relative_to(study.resolve()).as_posix()
    planned = {}
    if (study / "study.json").exists():
        listed = record.read_study(study)["runs"]
        planned = next((run for run in listed if run["folder"] == inside), {})
    return {"study": study.name, "variant": planned.get("variant", inside), "factors": planned.get("factors", {})}


def rerun_command(overrides: Iterable[str]) -> str:
    """The shell command that trains a run's configuration again, alone."""
    words = [word for word in overrides if not word.startswith("study.")]
    single = ["hydra.mode=RUN"] if any(word.startswith("study=") for word in words) else []
    return shlex.join(["ablate", "train", *words, *single])
