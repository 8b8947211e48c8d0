"""What the main function of an app returns, and how a run of it ends."""

import pytest

from ablate.analysis.analyze import analyze
from ablate.runs import run_record
from tests.study.app.conftest import SWEEP


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [("number", "completed", ""), ("json", "completed", ""), ("csv", "failed", "has no acc; it has epoch, step"),
     ("none", "failed", "main returned no number. Return a number or a dict"),
     ("text", "failed", "(it returned list)"), ("other", "failed", "(it returned tuple)")],
)  # fmt: skip
def test_what_main_returns(tmp_path, app, form, status, words):
    ended = app(tmp_path, *SWEEP, "seed=0", f"form={form}", "model=resnet,cnn")
    record = run_record.read(tmp_path / "outputs/s/baseline/seed=0")
    assert record.status == status and ended.returncode == (status != "completed")
    assert words in (record.error or "")


def test_the_last_value_of_lightnings_metrics_counts(tmp_path, app):
    ended = app(tmp_path, *SWEEP, "seed=0", "form=csv", "model=resnet,cnn", "hydra.sweeper.metric=val/acc")
    assert ended.returncode == 0, ended.stderr
    values = [
        run_record.read(tmp_path / "outputs/s" / name / "seed=0").metrics["val/acc"]
        for name in ("baseline", "model=cnn")
    ]
    assert values[1] - values[0] == pytest.approx(0.05, abs=0.02) and values[0] > 0.78
    curves = analyze(tmp_path / "outputs/s").curves
    assert curves["epoch"].tolist() == [0, 1, 2, 0, 1, 2]
    assert curves["val/acc"].iloc[[2, 5]].tolist() == pytest.approx(values)


def test_a_failing_run_sinks_no_other(tmp_path, app):
    ended = app(tmp_path, *SWEEP, "model=resnet,broken,cnn", "seed=0,1")
    assert ended.returncode == 1 and "the broken model has no layers" in ended.stdout + ended.stderr
    broken = run_record.read(tmp_path / "outputs/s/model=broken/seed=0")
    assert broken.error == "ValueError: the broken model has no layers (traceback in the run's traceback.txt)."
    assert "in main" in (tmp_path / "outputs/s/model=broken/seed=0/traceback.txt").read_text()
    statuses = {
        name: run_record.read(tmp_path / f"outputs/s/{name}/seed=1").status
        for name in ("baseline", "model=broken", "model=cnn")
    }
    assert statuses == {"baseline": "completed", "model=broken": "failed", "model=cnn": "completed"}
