"""A study with a baseline that was chosen after it was planned."""

from collections.abc import Mapping

from msgspec.structs import replace

from ablate.runs.study_plan import StudyPlan
from ablate.study.level import same_level
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few


def rebased(plan: StudyPlan, asked: Mapping[str, str]) -> tuple[StudyPlan, str]:
    """The plan with another of its variants as the baseline, and a sentence that states it.

    Args:
        plan: of the study.
        asked: {factor: level}; a factor that it lacks has the level of the planned baseline.

    Raises:
        InputError: a factor or level is unknown, or no run has this combination.
    """
    baseline = dict(plan.baseline)
    for factor, level in asked.items():
        if factor not in plan.factors:
            raise InputError(
                f"--baseline: {factor} is not a factor of {plan.name}; its factors: {first_few(plan.factors, 12)}."
            )
        if factor == plan.block:
            raise InputError(f"--baseline: {factor} is the block of {plan.name}, within which variants are compared.")
        equal = [known for known in plan.factors[factor] if same_level(known, level)]
        if not equal:
            known = first_few(plan.factors[factor], 12)
            raise InputError(f"--baseline: {factor} has no level {level}; its levels: {known}.")
        baseline[factor] = equal[0]
    shown = _levels(baseline)
    if baseline == plan.baseline:
        return plan, f"The baseline is the planned one: {shown}."
    if not any(run.factors == baseline for run in plan.runs):
        raise InputError(f"No run of {plan.name} has the levels of this baseline: {shown}. Choose others.")
    factors = {name: [baseline[name], *(one for one in levels if one != baseline[name])]
               for name, levels in plan.factors.items()}  # fmt: skip
    runs = [replace(run, variant=variant_name(run.factors, baseline)) for run in plan.runs]
    note = (
        f"Exploratory: the baseline {shown} was chosen after the study was planned; the planned baseline is"
        f" {_levels(plan.baseline)}."
    )
    return replace(plan, baseline=baseline, factors=factors, runs=runs), note


def _levels(baseline: Mapping[str, str]) -> str:
    return ", ".join(f"{factor}={level}" for factor, level in baseline.items())
