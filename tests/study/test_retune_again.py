"""When the variants of a study are tuned again, and when the study is refused before its tuning."""

import itertools
from functools import partial
from pathlib import Path

import pytest

from ablate.runs import run_record
from ablate.runs.metric import named
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.runs.tuning import TuningPlan
from ablate.study import retune
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.prepare import prepare
from ablate.study.status import planned_state
from ablate.study.tuned_runs import Phase
from ablate.terminal.errors import InputError

TRIED = TuningPlan(keys={"lr": "[1,2]"}, settings=[{"lr": "1"}, {"lr": "2"}], seeds=[1000])
BETTER = {"old": "1", "new": "2"}  # the better setting with each value of another key


def study_of(config: str, kinds: str, phase: Phase) -> ComposedStudy:
    """A phase of a study of kinds with the value `config` of another key."""
    runs = []
    for kind, setting in itertools.product(kinds, TRIED.settings if phase.is_tuning else [{}]):
        levels = {"kind": kind, **setting}
        variant = "baseline" if not runs else "+".join(f"{name}={level}" for name, level in levels.items())
        trained = f"{config} {kind} {setting or phase.chosen.get(variant)}"
        runs.append(
            PlannedRun(variant=variant, factors=levels, seed=0, folder=f"{variant}/seed=0", config_sha256=trained)
        )
    plan = StudyPlan(
        name="s",
        app="app.py",
        design="tuning" if phase.is_tuning else "factorial",
        metric=named("acc"),
        baseline=runs[0].factors,
        factors={name: list(dict.fromkeys(run.factors[name] for run in runs)) for name in runs[0].factors},
        seeds=[0],
        tuning=TRIED,
        command="",
        runs=runs,
        settings={"config": config},
    )
    return ComposedStudy(plan, {})


def tune(folder: Path, config: str, kinds: str = "ab", extend: bool = False, retrain: bool = False):
    """Tune and run a study as a command does: the chosen lr of each variant, and the number of new tuning runs."""

    def sweep(study: ComposedStudy, place: Path = folder / "tuning") -> None:
        place.mkdir(parents=True, exist_ok=True)
        prepare(place, study.plan, extend, retrain)
        for run in study.plan.runs:
            if not planned_state(place, run).has_result:
                (place / run.folder).mkdir(parents=True, exist_ok=True)
                metrics = {"acc": float(run.factors.get("lr") == BETTER[config])}
                record = RunRecord(status="completed", config_sha256=run.config_sha256, metrics=metrics, app="app.py")
                run_record.write(place / run.folder, record)
                trained.append(place)

    trained: list[Path] = []
    compose = partial(study_of, config, kinds)
    phase = retune.tune(folder, TRIED, compose, sweep, extend, retrain)
    sweep(compose(phase), folder)
    return {variant: setting["lr"] for variant, setting in phase.chosen.items()}, trained.count(folder / "tuning")


def test_retraining_with_other_settings_tunes_again(tmp_path):
    assert tune(tmp_path, "old") == ({"baseline": "1", "kind=b": "1"}, 4)
    before = (tmp_path / "tuning/chosen.json").read_bytes()
    assert tune(tmp_path, "old", retrain=True) == ({"baseline": "1", "kind=b": "1"}, 0)
    assert tune(tmp_path, "new", retrain=True) == ({"baseline": "2", "kind=b": "2"}, 4)
    assert (tmp_path / "tuning/.replaced/1-chosen.json").read_bytes() == before
    assert tune(tmp_path, "new", retrain=True) == tune(tmp_path, "new") == ({"baseline": "2", "kind=b": "2"}, 0)


def test_a_study_that_is_refused_is_not_tuned_before(tmp_path):
    assert tune(tmp_path, "old")[1] == 4
    with pytest.raises(InputError, match="without 1 of the planned runs"):
        tune(tmp_path, "old", kinds="abc")
    assert len(list(tmp_path.glob("tuning/*/seed=0"))) == 4
    assert tune(tmp_path, "old", kinds="abc", extend=True)[1] == 2
