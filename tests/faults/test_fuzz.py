"""The files of a run and of a study, damaged at random, are refused in a sentence or read: never another exception."""

import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from hydra import compose, initialize_config_dir
from hypothesis import strategies as st

from ablate.analysis.analyze import analyze
from ablate.analysis.collect import collect, curves
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.on_test_set.run_results import lines
from ablate.analysis.on_test_set.usage import usage
from ablate.analysis.report import limits
from ablate.commands.test import test as evaluated
from ablate.config import CONF, register
from ablate.data.prepare import prepare
from ablate.evaluation import trained_model
from ablate.runs import (
    activation_maps,
    looks,
    other_test,
    run_record,
    stages,
    statuses,
    study_plan,
    test_log,
    test_result,
)
from ablate.runs.checkpoints import CHECKPOINT
from ablate.runs.differences import diff
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.live_view import FolderView
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from tests.faults.damage import Damage, bytewise, damaged, restructured
from tests.faults.planting import RUN, whole, words
from tests.runs.test_activation_maps import IMAGES, MAPS
from tests.runs.test_activation_maps import record as map_record
from tests.runs.test_other_test import result as other_result

register()


@cache
def trained() -> Path:
    """A folder with a study of two runs of real training; one copy a process."""
    folder = Path(mkdtemp())
    whole(folder, *words(2, "seed=0,1"))
    return folder


@pytest.mark.parametrize("name", ["run.json", "study.json"])
def test_records(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    folder = study / "baseline/seed=0"
    (planned, *_) = study_plan.read(study).runs

    def read() -> None:
        if name == "run.json":
            assert planned_state(study, planned).status in (*statuses.RECORDED, "stale", "unreadable")
            run_record.read(folder)
        else:
            for run in study_plan.read(study).runs:
                planned_state(study, run)

    fuzz(st.one_of(bytewise, restructured()), damaged((folder if name == "run.json" else study) / name, read))


@pytest.mark.parametrize("name", ["run.json", "study.json", "metrics.csv"])
def test_frames(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    path = study / name if name == "study.json" else study / "baseline/seed=0" / name

    def read() -> None:
        runs = collect(study)
        curves(study, runs)
        assert len(runs) == len(study_plan.read(study).runs)

    fuzz(bytewise if name == "metrics.csv" else st.one_of(bytewise, restructured()), damaged(path, read))


def test_predictions(tmp_path, fuzz):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    fuzz(bytewise, damaged(study / "baseline/seed=0/val_predictions.npz", lambda: analyze(study)))


def test_checkpoints(tmp_path, fuzz):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", "model=mlp", "model.hidden=[4]"])
    data = prepare(config.data)
    made_by = {"config_sha256": "a"}

    def parts():
        return build(config, data, torch.device("cpu"), "fp32")

    results = {"rows": [{"epoch": 1, "step": 2, "train_loss": 0.5}]}
    Checkpoint(tmp_path, made_by).save(parts(), results)

    def read() -> None:
        assert Checkpoint(tmp_path, made_by).load(parts()) in (None, results)

    fuzz(bytewise, damaged(tmp_path / CHECKPOINT, read))


def test_weights(tmp_path, fuzz):
    folder = shutil.copytree(trained() / RUN, tmp_path / "run")
    fuzz(bytewise, damaged(folder / "model.pt", lambda: evaluated(folder)))


@pytest.mark.parametrize("name", ["test.json", "tests.jsonl"])
def test_uses(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    folder, plan = study / "baseline/seed=0", study_plan.read(study)
    evaluated(folder)
    path = folder / name if name == "test.json" else study / name

    def read() -> None:
        assert limits.tested(usage(study, plan)).startswith(("The test set was", "Whether"))
        if result := test_result.read(folder):
            assert lines(folder, result)
        test_log.count_uses(folder)

    fuzz(st.one_of(bytewise, restructured()) if name == "test.json" else bytewise, damaged(path, read))


@pytest.mark.parametrize("name", ["test-on/fog.json", "activation_maps.json", "activation_maps.npz"])
def test_other_test_sets_and_activation_maps(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    folder, plan = study / "baseline/seed=0", study_plan.read(study)
    other_test.write(folder, other_result())
    activation_maps.write(study, map_record(), IMAGES, MAPS)

    def read() -> None:
        if name.startswith("test-on"):
            assert len(other_tests.read(study, plan, collect(study))) in (0, 1)
            other_test.read(folder, "fog")
        else:
            assert analyze(study).activation_maps is None  # of another configuration, or damaged

    fuzz(bytewise if name.endswith("npz") else st.one_of(bytewise, restructured()),
         damaged((folder if name.startswith("test-on") else study) / name, read))  # fmt: skip


def test_looks(tmp_path, fuzz):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    looks.record(study, ["a", "b"], 2, 2)

    def read() -> None:
        assert len(looks.read(study)) <= 1  # the one line is read, or skipped
        shown, others = looks.record(study, ["a", "b"], 2, 2)
        assert len(shown) + others >= 1

    fuzz(st.one_of(bytewise, restructured()), damaged(study / looks.FILE, read))


@pytest.mark.parametrize("content", [
    '{"schema": 1, "looks": [{"time": "t", "seeds": 2, "decided": {"a=1": "better"}}]}',
    '{"schema": 1, "looks": [{"time": "t", "seeds": 2, "decided": {}}, {"time": "t", "seeds": 3, "decided": {}}]}',
])  # fmt: skip
def test_stages(tmp_path, fuzz, content):
    runs = [
        PlannedRun(variant=name, factors={"a": level}, seed=seed, folder=f"{name}/{seed}", config_sha256="")
        for name, level in (("baseline", "0"), ("a=1", "1"))
        for seed in range(3)
    ]
    plan = StudyPlan(name="s", baseline={"a": "0"}, factors={"a": ["0", "1"]}, seeds=[0, 1, 2], stages=[2, 3],
                     command="", runs=runs)  # fmt: skip
    (tmp_path / stages.FILE).write_text(content)

    def read() -> None:
        taken = stages.read(tmp_path, plan)
        assert len(stages.due(plan, taken)) >= 4 and set(stages.looks_at(plan, taken)) == {"baseline", "a=1"}
        stages.is_finished(plan, taken)

    fuzz(st.one_of(bytewise, restructured()), damaged(tmp_path / stages.FILE, read))


@st.composite
def folders(draw: st.DrawFn) -> list[tuple[int, Damage | None]]:
    """Several files of a folder, by number, are damaged, or gone (None)."""
    return draw(st.lists(st.tuples(st.integers(0, 1000), st.one_of(st.none(), bytewise)), min_size=1, max_size=5))


def test_whole_folders(tmp_path, fuzz):
    """All of a study that a report, a status, a view, a comparison and a network are made of, damaged at once."""
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    run = study / "baseline/seed=0"
    looks.record(study, ["a", "b"], 2, 2)
    evaluated(run)
    paths = sorted(path for path in study.rglob("*") if path.is_file() and path.stat().st_size)
    contents = {path: path.read_bytes() for path in paths}

    def check(damages: list[tuple[int, Damage | None]]) -> None:
        for number, damage in damages:
            path = paths[number % len(paths)]
            if damage is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(damage(contents[path]))
        try:
            for read in (analyze, FolderView(study), lambda _: looks.read(study), lambda _: diff(run, run),
                         lambda _: trained_model.load(run), lambda _: test_log.count_uses(run)):  # fmt: skip
                with suppress(InputError):
                    read(*([] if isinstance(read, FolderView) else [study]))
        finally:
            for path, content in contents.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    fuzz(folders(), check)
