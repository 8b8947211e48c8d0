"""How the plan of a study may change when its command is run again."""

import re

import pytest
from msgspec import structs

from ablate.runs import run_record, study_plan
from ablate.runs.metric import Metric, named
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import extend
from ablate.study.factors import Sweep
from ablate.study.plan import replicates
from ablate.terminal.errors import InputError
from tests.study.test_plan import SETTINGS


def planned_study(design: str, seeds: list[int]) -> StudyPlan:
    """A plan as the sweeper writes it: model=mlp against model=cnn."""
    sweep = Sweep((), {"model": ["mlp", "cnn"]}, tuple(seeds))
    runs = [
        PlannedRun(variant=run.variant, factors=run.factors, seed=run.seed, folder=run.folder, config_sha256="0")
        for run in replicates(sweep, SETTINGS)
    ]
    return StudyPlan(
        name="s", design=design, baseline={"model": "mlp"}, factors=sweep.factors, seeds=seeds,
        command="ablate train -m ...", runs=runs,
    )  # fmt: skip


def test_a_plan_grows_by_seeds_when_asked_and_keeps_its_runs_otherwise(tmp_path):
    small, large = planned_study("factorial", [3, 1]), planned_study("factorial", [2, 3])
    assert extend.extended(tmp_path, small, extend=False) == small  # the folder is empty
    study_plan.write(tmp_path, small)
    assert extend.extended(tmp_path, small, extend=False).runs == small.runs
    with pytest.raises(InputError, match=r"a study without 2 of the planned runs"):
        extend.extended(tmp_path, large, extend=False)
    both = extend.extended(tmp_path, large, extend=True)
    assert both.seeds == [1, 2, 3] and both.factors == {"model": ["mlp", "cnn"]}
    folders = [f"{variant}/seed={seed}" for variant in ("baseline", "model=cnn") for seed in (3, 1)]
    assert [run.folder for run in both.runs] == [*folders, "baseline/seed=2", "model=cnn/seed=2"]


def test_another_design_or_baseline_is_another_study(tmp_path):
    study_plan.write(tmp_path, planned_study("factorial", [0]))
    with pytest.raises(InputError, match="with the design factorial"):  # even if its runs are the same
        extend.extended(tmp_path, planned_study("one_at_a_time", [0]), extend=False)
    with pytest.raises(InputError, match="another baseline"):
        extend.extended(
            tmp_path, structs.replace(planned_study("factorial", [0]), baseline={"model": "cnn"}), extend=True
        )


def test_the_same_settings_are_the_same_after_they_were_recorded(tmp_path):
    """A record has no half of a surrogate pair, and no NaN."""
    settings = {"note": "caf\udce9", "lr": 0.1, "clip": float("nan")}
    plan = structs.replace(planned_study("factorial", [0]), app="app.py", settings=settings)
    study_plan.write(tmp_path, plan)
    assert extend.settings_changes(tmp_path, study_plan.read(tmp_path), plan) == []
    changed = structs.replace(plan, settings=settings | {"lr": 0.2})
    assert [key for key, *_ in extend.settings_changes(tmp_path, study_plan.read(tmp_path), changed)] == ["lr"]


def test_a_margin_that_changes_after_a_result_is_recorded_and_one_that_changes_before_is_not(tmp_path):
    def planned(margin: float | None) -> StudyPlan:
        return extend.extended(
            tmp_path, structs.replace(planned_study("factorial", [0, 1]), metric=Metric(margin=margin)), extend=False
        )

    study_plan.write(tmp_path, planned(2.0))
    assert planned(1.0).margin_changes == []
    study_plan.write(tmp_path, planned(1.0))
    for seed in (0, 1):
        folder = tmp_path / f"baseline/seed={seed}"
        folder.mkdir(parents=True)
        run_record.write(folder, RunRecord(status="completed", config_sha256="0", metrics={"val_accuracy": 0.5}))
    assert planned(1.0).margin_changes == []
    study_plan.write(tmp_path, planned(4.0))
    study_plan.write(tmp_path, planned(None))
    recorded = study_plan.read(tmp_path)
    assert recorded.margin is None
    assert [(c.before, c.after, c.results) for c in recorded.margin_changes] == [(1.0, 4.0, 2), (4.0, None, 2)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", c.time) for c in recorded.margin_changes)


def test_a_metric_may_change_before_the_first_result_only(tmp_path):
    old, new = (
        structs.replace(planned_study("factorial", [0]), metric=named(name)) for name in ("val_accuracy", "val_loss")
    )
    study_plan.write(tmp_path, old)
    assert extend.extended(tmp_path, new, extend=False).metric.name == "val_loss"
    (tmp_path / "baseline/seed=0").mkdir(parents=True)
    metrics = {"val_accuracy": 0.5, "val_loss": 1.0}
    run_record.write(tmp_path / "baseline/seed=0", RunRecord(status="completed", config_sha256="0", metrics=metrics))
    with pytest.raises(InputError, match=r"study\.metric was val_accuracy, now val_loss"):
        extend.extended(tmp_path, new, extend=True, retrain=True)


def test_another_program_is_another_study(tmp_path):
    plan = structs.replace(planned_study("factorial", [0]), app="runs/train_a.py")
    study_plan.write(tmp_path, plan)
    assert extend.extended(tmp_path, structs.replace(plan, app="/home/x/train_a.py"), extend=False).runs == plan.runs
    for other in ("train_b.py", None):
        with pytest.raises(InputError, match="contains a study of train_a.py. Choose another"):
            extend.extended(tmp_path, structs.replace(plan, app=other), extend=False)


def test_a_plan_that_cannot_take_the_old_runs_is_refused(tmp_path):
    """Ten seeds were planned, none has a result yet, and the stages of the new command have three."""
    study_plan.write(tmp_path, planned_study("factorial", list(range(10))))
    staged = structs.replace(planned_study("factorial", [0, 1, 2]), stages=[2, 3])
    with pytest.raises(InputError, match=r"cannot continue, as its runs would be added: .*seeds.*Choose another"):
        extend.extended(tmp_path, staged, extend=False)
