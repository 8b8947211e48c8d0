"""A run of a study on other images than its finished runs is warned of."""

import json
from pathlib import Path

import pytest

from ablate.runs import other_images, run_record
from ablate.runs.run_record import RunRecord

RUNS = ("baseline", "model=b")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of two variants, of which the baseline's run has finished on the images `old`."""
    return make(tmp_path)


def make(folder: Path, status: str = "completed", images: str | None = "old", **changes: object) -> Path:
    runs = [{"variant": v, "factors": {}, "seed": 0, "folder": v, "config_sha256": "0"} for v in RUNS]
    plan = {"schema": 1, "name": "s", "baseline": {}, "factors": {}, "seeds": [0], "command": "", "runs": runs}
    (folder / "study.json").write_text(json.dumps(plan | changes))
    for name in RUNS:
        (folder / name).mkdir(exist_ok=True)
    run_record.write(folder / "baseline", RunRecord(status=status, variant="baseline", data_sha256=images))
    return folder


def warning(study: Path, variant: str, images: str) -> str:
    return other_images.of_study(study / variant, RunRecord(status="running", variant=variant), images)


def test_other_images_than_those_of_a_finished_run_are_named(study):
    text = warning(study, "model=b", "new")
    assert text.startswith(f"{study.name} continues on other images: those of baseline were different (data_sha256).")
    assert warning(study, "model=b", "old") == ""


@pytest.mark.parametrize(("status", "images"), [("failed", "old"), ("running", "old"), ("completed", None)])
def test_a_run_without_a_result_or_without_a_hash_is_not_compared_with(tmp_path, status, images):
    assert warning(make(tmp_path, status, images), "model=b", "new") == ""


def test_where_variants_have_images_of_their_own_only_the_same_variant_counts(tmp_path):
    study = make(tmp_path, data_varies=True)
    assert warning(study, "model=b", "new") == "" and "baseline" in warning(study, "baseline", "new")


def test_without_a_baseline_only_the_same_variant_counts(tmp_path):
    study = make(tmp_path)
    plan = json.loads((study / "study.json").read_text())
    plan["runs"][0]["variant"] = "model=c"
    (study / "study.json").write_text(json.dumps(plan))
    assert warning(study, "model=b", "new") == "" and "baseline" in warning(study, "model=c", "new")


def test_only_the_baseline_counts_so_that_a_run_does_not_read_thousands_of_records(study):
    run_record.write(study / "model=b", RunRecord(status="completed", variant="model=b", data_sha256="new"))
    assert warning(study, "model=c", "old") == ""
    assert "baseline" in warning(study, "model=c", "new")


def test_outside_a_study_and_in_a_damaged_one_nothing_is_known(study):
    outside = study / "elsewhere"
    outside.mkdir()
    (study / "study.json").write_text("{")
    assert warning(study, "model=b", "new") == ""
    (study / "study.json").unlink()
    assert other_images.of_study(outside, RunRecord(status="running"), "new") == ""
