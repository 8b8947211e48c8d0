"""The planned looks of a study: which runs are due, when it is finished, and what its file may hold."""

import json

import msgspec
import pytest

from ablate.runs import stages, study_plan
from ablate.runs.stages import StageLook
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.terminal.errors import InputError

VARIANTS = ("baseline", "a=2", "a=3")


def plan(seeds=(7, 3, 5, 1), looks=(2, 3, 4)) -> StudyPlan:
    """Three variants; the seeds are not in rising order."""
    runs = [
        PlannedRun(variant=variant, factors={"a": str(level)}, seed=seed, folder=f"{variant}/seed={seed}",
                   config_sha256=f"{variant}{seed}")
        for level, variant in enumerate(VARIANTS, 1)
        for seed in seeds
    ]  # fmt: skip
    return StudyPlan(name="s", design="factorial", baseline={"a": "1"}, factors={"a": ["1", "2", "3"]},
                     seeds=list(seeds), stages=list(looks), command="c", runs=runs)  # fmt: skip


def look(seeds, **decided) -> StageLook:
    names = {"a2": "a=2", "a3": "a=3"}
    return StageLook(time="t", seeds=seeds, decided={names[name]: verdict for name, verdict in decided.items()})


def due(*looks) -> list[str]:
    return [run.folder for run in stages.due(plan(), looks)]


def folders(**seeds) -> list[str]:
    names = {"baseline": "baseline", "a2": "a=2", "a3": "a=3"}
    return [f"{names[name]}/seed={seed}" for name, of_name in seeds.items() for seed in of_name]


def test_the_first_stage_has_the_first_seeds_as_they_were_named():
    assert due() == folders(baseline=(7, 3), a2=(7, 3), a3=(7, 3))


def test_a_decided_variant_stops_and_the_baseline_continues():
    assert due(look(2, a2="worse")) == folders(baseline=(7, 3, 5), a2=(7, 3), a3=(7, 3, 5))
    assert due(look(2, a2="worse"), look(3)) == folders(baseline=(7, 3, 5, 1), a2=(7, 3), a3=(7, 3, 5, 1))


def test_a_study_ends_when_all_are_decided():
    ended = (look(2, a2="worse"), look(3, a3="better"))
    assert due(*ended) == folders(baseline=(7, 3, 5), a2=(7, 3), a3=(7, 3, 5))
    assert stages.is_finished(plan(), ended)
    assert not stages.is_finished(plan(), ended[:1])
    assert stages.looks_at(plan(), ended) == {"baseline": 2, "a=2": 1, "a=3": 2}


def test_a_study_ends_when_the_seeds_are_used_up():
    looks = (look(2), look(3), look(4))
    assert stages.is_finished(plan(), looks)
    assert due(*looks) == [run.folder for run in plan().runs]


def test_without_stages_all_runs_are_due(tmp_path):
    fixed = plan(looks=())
    (tmp_path / stages.FILE).write_text("not read")
    assert stages.read(tmp_path, fixed) == []
    assert stages.due(fixed, []) == fixed.runs


def test_looks_are_read_as_they_were_written(tmp_path):
    study_plan.write(tmp_path, plan())
    looks = [look(2, a2="worse"), look(3)]
    stages.write(tmp_path, looks)
    assert stages.read(tmp_path, plan()) == looks
    assert [run.folder for run in stages.due_plan(tmp_path).runs] == due(*looks)


@pytest.mark.parametrize(
    "looks",
    [
        [{"time": "t", "seeds": 3, "decided": {}}],
        [{"time": "t", "seeds": 2, "decided": {"unknown": "worse"}}],
        [{"time": "t", "seeds": 2, "decided": {"baseline": "worse"}}],
        [{"time": "t", "seeds": seeds, "decided": {}} for seeds in (2, 3, 4, 5)],
        [{"time": "t", "seeds": seeds, "decided": {"a=2": "worse"}} for seeds in (2, 3)],
        [{"time": "t", "seeds": -2, "decided": {}}],
        [{"time": "t", "seeds": 2, "decided": ["a=2"]}],
    ],
)
def test_looks_of_another_plan_are_refused(tmp_path, looks):
    (tmp_path / stages.FILE).write_text(json.dumps({"schema": 1, "looks": looks}))
    with pytest.raises(InputError, match="stages.json"):
        stages.read(tmp_path, plan())


@pytest.mark.parametrize(
    "looks, why",
    [
        ([4], "one stage"),
        ([1, 4], "at least 2 seeds"),
        ([3, 2, 4], "must rise"),
        ([2, 2, 4], "must rise"),
        ([2, 3, 5], r"add seed=range\(5\)"),
        ([2, 3], "the study has 4; add seed=range.3., change"),
    ],
)
def test_stages_that_cannot_be_used_are_refused(looks, why):
    with pytest.raises(ValueError, match=why):
        plan(looks=looks)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(plan()), "stages": looks}, StudyPlan)


@pytest.mark.parametrize(("seeds", "why"), [([0, 0, 0, 0], "the study has 1"), ([7, 3, 5, 2], "has the seed 1, which")])
def test_a_plan_whose_seeds_are_not_those_of_its_runs_is_refused(tmp_path, seeds, why):
    study_plan.write(tmp_path, plan())
    content = json.loads((tmp_path / study_plan.FILE).read_text())
    (tmp_path / study_plan.FILE).write_text(json.dumps(content | {"seeds": seeds}))
    with pytest.raises(InputError, match=why):
        study_plan.read(tmp_path)
