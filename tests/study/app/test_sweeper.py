"""`hydra/sweeper=ablate` in an app that is not changed for it."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from ablate.analysis.analyze import analyze
from ablate.commands.reproduce.retrain import reproduce
from ablate.evaluation import trained_model
from ablate.runs import run_record, stages, study_plan
from ablate.terminal.errors import InputError
from tests.processes import ENVIRONMENT, ablate
from tests.study.app.conftest import APP, SWEEP

DESIGN = ("hydra.sweeper.design=one_at_a_time", "model=resnet,cnn", "dropout=0.0,0.5", "seed=0,1,2")


@pytest.fixture(scope="module")
def study(app, tmp_path_factory):
    """A finished study of three variants and three seeds."""
    folder = tmp_path_factory.mktemp("app")
    ended = app(folder, *SWEEP, *DESIGN)
    assert ended.returncode == 0, ended.stderr
    return folder / "outputs/s"


def test_a_design_runs_and_every_run_leaves_a_record(study):
    plan = study_plan.read(study)
    assert [run.folder for run in plan.runs][:4] == [
        "baseline/seed=0",
        "baseline/seed=1",
        "baseline/seed=2",
        "model=cnn/seed=0",
    ]
    assert plan.metric.name == "acc" and plan.design == "one_at_a_time" and len(plan.runs) == 9
    record = run_record.read(study / "model=cnn/seed=1")
    other = run_record.read(study / "baseline/seed=1")
    assert record.status == "completed" and record.metrics["acc"] - other.metrics["acc"] == pytest.approx(
        0.05, abs=0.02
    )
    assert record.seconds.total > 0 and record.code_sha256 == other.code_sha256 and record.environment.python
    assert (study / "model=cnn/seed=1/.hydra/overrides.yaml").read_text() == "- model=cnn\n- dropout=0.0\n- seed=1\n"


def test_the_same_command_runs_nothing_again_and_extends(study, app):
    before = (study / "baseline/seed=0/run.json").stat().st_mtime_ns
    again = app(study.parents[1], *SWEEP, *DESIGN)
    assert again.returncode == 0 and "9 of them already done" in again.stdout + again.stderr
    more = app(study.parents[1], *SWEEP, *DESIGN[:-1], "seed=0,1,2,3", "hydra.sweeper.extend=true")
    assert more.returncode == 0 and len(study_plan.read(study).runs) == 12
    assert (study / "baseline/seed=0/run.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("form=number",),
            "form was dict, now number. Use the old values, or choose another hydra.sweeper.name, or add",
        ),
        (("hydra.sweeper.metric=loss",), "hydra.sweeper.metric was acc, now loss"),
        (("hydra.sweeper.metric={name: acc, direction: min}",), "hydra.sweeper.metric.direction was max, now min"),
        (("hydra.sweeper.design=factorial",), "Extend it with hydra.sweeper.extend=true"),
    ],
)
def test_other_settings_are_refused_by_name(study, app, words, message):
    refused = app(study.parents[1], *SWEEP, *DESIGN, *words)
    assert refused.returncode == 2
    assert message in refused.stderr and "Traceback" not in refused.stderr, refused.stderr


@pytest.mark.parametrize("name", ["s", "outputs/s"])
def test_the_plan_of_an_existing_study_is_printed(study, name):
    shown = ablate(study.parents[1], "plan", name)
    assert shown.returncode == 0 and "model=cnn" in shown.stdout and "runs of 3 variants: all done." in shown.stdout
    refused = ablate(study.parents[1], "plan", name, "model=cnn")
    assert refused.returncode == 2 and "model=cnn does not apply to an existing study" in refused.stderr


def test_status_and_report_work_on_it(study):
    shown = ablate(study.parents[1], "status", "s")
    assert "model=cnn" in shown.stdout and shown.returncode == 0
    reported = ablate(study.parents[1], "report", "s")
    assert reported.returncode == 0, reported.stderr
    assert (study / "report/report.pdf").stat().st_size > 10_000
    rows = (study / "report/effects.csv").read_text().splitlines()
    assert rows[2].startswith("model=cnn,") and ",better" in rows[2]
    text = (study / "report/tables/effects.md").read_text()
    assert "accuracy" not in text and "acc" in text


def test_two_runs_differ_in_their_overrides(study):
    shown = ablate(study.parents[1], "diff", "outputs/s/baseline/seed=0", "outputs/s/model=cnn/seed=0")
    assert "model.name" in shown.stdout and "cnn" in shown.stdout


def test_a_dry_run_lists_and_starts_nothing(tmp_path, app):
    shown = app(tmp_path, *SWEEP, *DESIGN, "hydra.sweeper.dry_run=true")
    assert shown.returncode == 0 and "model=cnn" in shown.stdout and "9 runs of 3 variants" in shown.stdout
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("launcher", ["basic", "ablate_local"])
@pytest.mark.integration
def test_a_killed_study_resumes(tmp_path, app, launcher):
    words = [*SWEEP, *DESIGN, f"hydra/launcher={launcher}"]
    settings = {**ENVIRONMENT, "WAIT": "0.5"}
    process = subprocess.Popen([sys.executable, str(APP), *words], cwd=tmp_path, env=settings, start_new_session=True)
    first = tmp_path / "outputs/s/baseline/seed=0/run.json"
    deadline = time.monotonic() + 120
    while not (first.exists() and json.loads(first.read_text())["status"] == "completed"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = first.stat().st_mtime_ns
    ended = app(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    assert {
        run_record.read(tmp_path / "outputs/s" / run.folder).status
        for run in study_plan.read(tmp_path / "outputs/s").runs
    } == {"completed"}
    assert first.stat().st_mtime_ns == finished


def test_what_a_kill_in_a_write_left_is_not_set_aside(tmp_path, app):
    words = (*SWEEP, "seed=0")
    assert app(tmp_path, *words).returncode == 0
    folder = tmp_path / "outputs/s/baseline/seed=0"
    (folder / "run.json").rename(folder / ".run.json.x.ablate-part")
    ended = app(tmp_path, *words)
    assert ended.returncode == 0 and run_record.read(folder).status == "completed", ended.stderr
    assert not (tmp_path / "outputs/s/.replaced").exists()


@pytest.mark.parametrize("trusted", [False, True])
def test_its_network_is_unknown_to_commands_that_need_one(study, trusted):
    for use in (trained_model.load, partial(reproduce, from_commit=False)):
        with pytest.raises(InputError, match=r"is a run of another app, app\.py"):
            use(study / "baseline/seed=0", trusted=trusted)


def test_variants_are_compared_within_blocks(app, tmp_path):
    words = ("hydra.sweeper.block=dropout", "dropout=0.0,0.5", "model=resnet,cnn", "seed=0,1,2")
    ended = app(tmp_path, *SWEEP, *words)
    assert ended.returncode == 0, ended.stderr
    results = analyze(tmp_path / "outputs/s")
    assert list(results.effects["variant"]) == ["baseline", "model=cnn"]  # half of the accuracy is due to the dropout
    assert results.blocks.levels == ["0.0", "0.5"]
    assert results.effects["difference"].iloc[1] == pytest.approx(0.05, abs=0.01)
    refused = app(tmp_path, *SWEEP, *words[1:])
    assert refused.returncode == 2 and "block" in refused.stderr


@pytest.mark.integration
def test_a_staged_study_stops_what_is_decided_and_takes_each_look_once(app, tmp_path):
    words = ('hydra.sweeper.metric={name: acc, unit: "%"}', "hydra.sweeper.margin=1", "hydra.sweeper.stages=[3,5,8]")
    design = ("model=resnet,cnn,vit", "dropout=0.0,0.02", "hydra.sweeper.design=one_at_a_time", "seed=range(8)")
    ended = app(tmp_path, *SWEEP, *words, *design)
    assert ended.returncode == 0, ended.stderr
    study, plan = tmp_path / "outputs/s", study_plan.read(tmp_path / "outputs/s")
    looks = stages.read(study, plan)
    assert looks[0].seeds == 3 and {"model=cnn": "better", "model=vit": "worse"}.items() <= looks[0].decided.items()
    assert len(list((study / "model=cnn").glob("seed=*"))) == 3
    results = analyze(study)
    verdicts = results.effects.set_index("variant")["verdict"]
    for look in looks:  # the report's verdicts are those of the looks
        assert verdicts[list(look.decided)].to_dict() == look.decided
    before = (study / stages.FILE).read_bytes()
    again = app(tmp_path, *SWEEP, *words, *design)
    assert again.returncode == 0 and (study / stages.FILE).read_bytes() == before
    for change in (("model=resnet,cnn,vit,broken",), ("seed=range(9)",), ("hydra.sweeper.margin=2",)):
        kept = [word for word in (*words, *design) if word.partition("=")[0] != change[0].partition("=")[0]]
        size = ("hydra.sweeper.stages=[3,5,9]",) if change[0].startswith("seed") else ()
        kept = [word for word in kept if not (size and word.startswith("hydra.sweeper.stages"))]
        refused = app(tmp_path, *SWEEP, *kept, *size, *change, "hydra.sweeper.extend=true")
        assert refused.returncode == 2 and "fixed before the first result" in refused.stderr, refused.stderr
    assert (study / stages.FILE).read_bytes() == before


@pytest.mark.integration
def test_an_ablation_path_grows_by_rounds_and_a_fraction_has_the_baseline(app, tmp_path):
    """The larger loss is first: dropout of .5 costs .05, the other model gains."""
    words = ("model=resnet,cnn", "dropout=0.0,0.5", "seed=0,1")
    grown = app(tmp_path, *SWEEP, "hydra.sweeper.design=path", *words)
    assert grown.returncode == 0, grown.stderr
    names = list(dict.fromkeys(run.variant for run in study_plan.read(tmp_path / "outputs/s").runs))
    assert names == ["baseline", "model=cnn", "dropout=0.5", "model=cnn+dropout=0.5"]
    again = app(tmp_path, *SWEEP, "hydra.sweeper.design=path", *words)
    assert again.returncode == 0 and "8 of them already done" in again.stdout + again.stderr
    small = app(tmp_path, *SWEEP[:-1], "hydra.sweeper.name=f", "hydra.sweeper.design=fractional", *words)
    assert small.returncode == 2 and "Type hydra.sweeper.design=factorial" in small.stderr
    pytest.importorskip("pydoe")
    four = ("+a=0,1", "+b=0,1")
    fraction = app(tmp_path, *SWEEP[:-1], "hydra.sweeper.name=f", "hydra.sweeper.design=fractional", *words, *four)
    assert fraction.returncode == 0, fraction.stderr
    runs = study_plan.read(tmp_path / "outputs/f").runs
    assert len(runs) == 16 and runs[0].variant == "baseline"
    results = analyze(tmp_path / "outputs/f")
    assert (results.contrasts["aliases"] != "").sum() == 3 and len(results.attribution) == 5
