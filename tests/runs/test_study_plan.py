"""study.json: what is refused, how it is found, and what is written is what is read."""

import json
from pathlib import Path

import pytest

from ablate.runs import study_plan
from ablate.runs.metric import Metric
from ablate.runs.study_plan import MarginChange, PlannedRun, StudyPlan
from ablate.terminal.errors import InputError

RUN = {"variant": "baseline", "factors": {}, "seed": 0, "folder": "baseline/seed=0", "config_sha256": "0"}
PLAN = {"name": "s", "baseline": {}, "factors": {}, "seeds": [0], "command": "", "runs": [RUN]}


def read(folder: Path, **changes: object) -> StudyPlan:
    """The plan of a study.json with these changes."""
    (folder / "study.json").write_text(json.dumps({"schema": 1, **PLAN, **changes}))
    return study_plan.read(folder)


def test_a_mistyped_study_is_told_the_one_that_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs/grid").mkdir(parents=True)
    (tmp_path / "outputs/grid/study.json").write_text("{}")
    with pytest.raises(InputError, match=r"gird is not a study: it has no study\.json\. Did you mean grid\?"):
        study_plan.read(study_plan.find(Path("gird")))
    with pytest.raises(InputError, match=r"it has no study\.json\. Pass a study folder"):
        study_plan.read(study_plan.find(Path("something-else")))


@pytest.mark.parametrize("folder", ["/tmp", "../other", "a/../../b", "", "C:\\x", 3, None])
def test_runs_outside_the_folder_of_a_study_are_refused(tmp_path, folder):
    with pytest.raises(InputError, match="folder"):
        read(tmp_path, runs=[{**RUN, "folder": folder}])
    assert read(tmp_path).runs[0].folder == "baseline/seed=0"


def test_a_plan_is_read_again_when_its_file_has_changed(tmp_path):
    study_plan.write(tmp_path, read(tmp_path))
    first = study_plan.read_once(tmp_path)
    assert study_plan.read_once(tmp_path) is first and first.seeds == [0]
    study_plan.write(tmp_path, read(tmp_path, seeds=[0, 1]))
    assert study_plan.read_once(tmp_path).seeds == [0, 1]
    (tmp_path / "study.json").unlink()
    with pytest.raises(InputError, match=r"it has no study\.json"):
        study_plan.read_once(tmp_path)


def test_what_is_written_is_read(tmp_path):
    change = MarginChange(time="2026-01-01", before=None, after=1.0, results=2)
    plan = StudyPlan(
        name="s", design="pairwise", metric=Metric(margin=0.5), baseline={"model": "a"},
        factors={"model": ["a", "b"]}, seeds=[0, 3],
        command="ablate train -m", runs=[PlannedRun(**RUN), PlannedRun(**{**RUN, "seed": 3, "folder": "x"})],
        settings={"trainer": {"epochs": 2}}, data_varies=True, margin_changes=[change],
    )  # fmt: skip
    study_plan.write(tmp_path, plan)
    assert study_plan.read(tmp_path) == plan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": []}, "it has no runs"),
        ({"runs": [RUN, {**RUN, "seed": 1}]}, "two runs have the folder 'baseline/seed=0'"),
        ({"runs": [RUN, {**RUN, "folder": "other"}]}, "two runs have variant 'baseline' and seed 0"),
        ({"runs": [{**RUN, "variant": "a\nb"}]}, "printable"),
        ({"runs": [{**RUN, "seed": -1}]}, r"runs\[0\].seed is -1, but must be a whole number of at least 0"),
        ({"name": ""}, "name is '', but must be printable"),
        ({"design": "\x1b[2J"}, "design is .* but must be printable"),
        ({"factors": {"status": ["a"]}}, "the factor name 'status'"),
        ({"factors": {"": ["a"]}}, "the factor name ''"),
        ({"seeds": [-1]}, "seeds"),
        ({"margin": "1"}, "margin is '1', but must be a number or null"),
        ({"extra": 1}, "newer version"),
        ({"schema": 2}, "newer version"),
    ],
)
def test_a_plan_that_is_not_valid_is_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, **changes)


def test_a_seed_may_be_in_two_variants_and_a_variant_have_two_seeds(tmp_path):
    others = [{**RUN, "variant": "b", "folder": "b"}, {**RUN, "seed": 1, "folder": "c"}]
    assert len(read(tmp_path, runs=[RUN, *others]).runs) == 3


@pytest.mark.parametrize(
    ("changes", "varies"),
    [
        ({"data_varies": True}, True),
        ({"data_varies": False, "factors": {"data": ["a", "b"]}}, False),
        ({"factors": {"data": ["a", "b"]}}, True),  # plans of earlier versions lack the key
        ({"factors": {"model": ["a"], "data.root": ["a", "b"]}}, True),
        ({"factors": {"database": ["a", "b"]}}, False),
    ],
)
def test_whether_variants_have_images_of_their_own(tmp_path, changes, varies):
    assert study_plan.data_varies(read(tmp_path, **changes)) is varies


def test_a_study_is_found_by_its_folder_or_its_name_under_outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs/s/baseline/seed=0").mkdir(parents=True)
    assert study_plan.find(Path("s")) == Path("s")  # there is none
    read(tmp_path / "outputs/s")
    assert study_plan.find(Path("s")) == Path("outputs/s") == study_plan.find(Path("outputs/s"))
    (tmp_path / "s").mkdir()
    read(tmp_path / "s")
    assert study_plan.find(Path("s")) == Path("s")
    assert study_plan.containing(Path("outputs/s/baseline/seed=0")) == tmp_path / "outputs/s"
    assert study_plan.containing(Path("outputs")) is None
