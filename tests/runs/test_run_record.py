"""Records are read with care, and hashed the same everywhere."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.runs import run_record, study_plan
from ablate.runs.config_hash import config_sha256
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no run.json"),
        ("{", "cannot be read"),
        ("[1]", "schema"),
        ('{"schema": 99, "status": "completed"}', "schema 1"),
        ('{"schema": 1, "status": "excellent"}', "excellent"),
    ],
)
def test_what_is_not_a_record_is_refused_by_name(tmp_path, content, message):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=message):
        run_record.read(tmp_path)


def test_a_study_or_a_file_in_place_of_a_run_is_refused(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(InputError, match="is a study. Give one of its runs"):
        run_record.read(tmp_path)
    with pytest.raises(InputError, match="study.json has no run.json: it is not a run folder"):
        run_record.read(tmp_path / "study.json")


def test_the_hash_of_a_configuration_is_that_of_what_is_trained(monkeypatch):
    def sha256(text: str) -> str:
        return config_sha256(OmegaConf.create({"augmentation": {}, **OmegaConf.create(text)}))

    base = sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}, study: {name: a}, logger: {x: 1}}")
    assert (
        sha256("{data: {root: '${oc.env:PLACE}'}, seed: 0, study: {name: b}}") == base
    )  # order, study, logger: no part
    assert sha256("{seed: 1, data: {root: '${oc.env:PLACE}'}}") != base
    # The steps of an augmentation are taken in their order, so that it is a part.
    assert sha256("{augmentation: {crop: 1, cutout: 2}}") != sha256("{augmentation: {cutout: 2, crop: 1}}")
    monkeypatch.setenv("PLACE", "/elsewhere")
    assert sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}}") == base


def test_a_mistyped_study_is_told_the_one_that_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs/grid").mkdir(parents=True)
    (tmp_path / "outputs/grid/study.json").write_text("{}")
    with pytest.raises(InputError, match=r"gird is not a study: it has no study\.json\. Did you mean grid\?"):
        study_plan.read(study_plan.find(Path("gird")))
    with pytest.raises(InputError, match=r"it has no study\.json\. Give the folder of one"):
        study_plan.read(study_plan.find(Path("something-else")))
