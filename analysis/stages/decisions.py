"""Which variants a planned look at a study decides, by the rule of the report."""

from pathlib import Path

from ablate.analysis import chance, collect, image_correctness, verdict
from ablate.analysis.effects import effects
from ablate.analysis.stages.looks import PlannedLooks, planned_looks
from ablate.runs import stages, study_plan
from ablate.runs.study_plan import BASELINE


def decided(folder: Path, number: int) -> dict[str, str]:
    """The variants that a look decides, {variant: verdict}.

    Args:
        folder: of the study. All runs of the look have a result.
        number: of the look, from 1; those before it were taken.
    """
    plan = study_plan.read(folder)
    looks = stages.read(folder, plan)
    before = {variant for look in looks for variant in look.decided}
    known = planned_looks(plan, looks)
    assert known is not None
    taken = {variant: count if variant in before else number for variant, count in known.taken.items()}
    runs = collect.collect(folder, collect.read_plan(folder))
    classes = chance.class_count(runs)
    runs = runs.assign(collapsed=chance.collapsed(runs, image_correctness.load(folder, runs), classes))
    at_chance = plan.metric.at_chance(classes)
    compared = effects(runs, metric=plan.metric, chance=at_chance, looks=PlannedLooks(known.seeds, taken))
    open_ones = compared[~compared["variant"].isin({*before, BASELINE})]
    claimed = open_ones[open_ones["verdict"].isin(verdict.CLAIMS)]
    return dict(zip(claimed["variant"], claimed["verdict"], strict=True))
