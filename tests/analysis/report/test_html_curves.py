"""The numbers of the curves in report.html."""

import json

import pytest

from ablate.analysis.analyze import analyze
from ablate.analysis.report import html_curves
from ablate.analysis.report.html_curves import curve_data
from ablate.analysis.sources.any_source import Asked, results

FACTORS = {"model": ["a", "b", "c"]}


@pytest.fixture(scope="module")
def data(make_shared_study):
    results = {"baseline": {0: 0.5, 1: 0.7}, "model=b": {0: 0.4, 1: "diverged"}, "model=c": {0: None}}
    return curve_data(analyze(make_shared_study(results, FACTORS)))


def test_means_and_bands_are_of_completed_runs(data):
    """The loss after epoch e is 1 - accuracy + 1.5 * 0.6^e: at epoch 1, 1.4 and 1.2."""
    assert [quantity["label"] for quantity in data["quantities"]] == ["Accuracy (%)", "Loss"]
    loss = data["quantities"][1]["curves"]
    assert loss[0]["validation"]["mean"][0] == pytest.approx(1.3)
    assert (loss[0]["validation"]["low"][0], loss[0]["validation"]["high"][0]) == pytest.approx((1.2, 1.4))
    assert loss[0]["training"]["mean"][0] == pytest.approx(0.8 * 1.3) and loss[0]["validation"]["epochs"] == [
        1,
        2,
        3,
        4,
    ]


def test_a_diverged_run_is_drawn_but_not_averaged(data):
    curve = data["quantities"][1]["curves"][1]["validation"]
    assert curve["mean"][0] == pytest.approx(1.5) and curve["low"] is None
    assert [(seed["seed"], seed["status"]) for seed in curve["seeds"]] == [(0, "completed"), (1, "diverged")]
    assert curve["seeds"][1]["values"][-1] is None
    json.dumps(data, allow_nan=False)


def test_a_variant_without_runs_has_no_curve(data):
    assert data["quantities"][0]["curves"][2] == {"training": None, "validation": None}
    assert [(one["label"], one["n"]) for one in data["variants"]] == [("baseline", 2), ("model=b", 1), ("model=c", 0)]


def test_long_curves_are_thinned_and_keep_their_last_epoch(make_study, monkeypatch):
    monkeypatch.setattr(html_curves, "MOST_NUMBERS", 1000)
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.7, 1: 0.8}}, FACTORS, epochs=400)
    curve = curve_data(analyze(study))["quantities"][0]["curves"][0]["training"]
    assert (
        20 <= len(curve["epochs"]) <= 30 and curve["epochs"][-1] == 400 and len(curve["mean"]) == len(curve["epochs"])
    )


def test_many_variants_keep_their_order(make_study):
    """Of 50, the baseline and the 39 that differ most; the baseline and the first five of these are shown."""
    levels = [f"v{number:02}" for number in range(50)]
    results = {"baseline": {0: 0.5}} | {f"model={name}": {0: 0.5 + 0.005 * i} for i, name in enumerate(levels[1:], 1)}
    data = curve_data(analyze(make_study(results, {"model": levels}, epochs=2)))
    assert [one["number"] for one in data["variants"]] == [0, *range(11, 50)] and data["total"] == 50
    assert [one["number"] for one in data["variants"] if one["shown"]] == [0, *range(45, 50)]


def test_one_epoch_is_no_curve(make_study):
    assert curve_data(analyze(make_study({"baseline": {0: 0.5}}, FACTORS, epochs=1))) is None


def test_an_app_has_the_curve_of_its_metric(tmp_path):
    """Lightning's metrics.csv of a multirun: epochs from 0, a training curve of the same name."""
    for job, (net, seed) in enumerate([("a", 0), ("a", 1), ("b", 0), ("b", 1)]):
        folder = tmp_path / "out" / str(job)
        (folder / ".hydra").mkdir(parents=True)
        (folder / ".hydra/overrides.yaml").write_text(f"- net={net}\n- seed={seed}\n")
        (folder / ".hydra/config.yaml").write_text(f"net: {net}\nseed: {seed}\n")
        rows = [f"{epoch},{0.1 * epoch + 0.2 * seed},{0.5 * epoch}" for epoch in range(3)]
        (folder / "metrics.csv").write_text("\n".join(["epoch,val_f1,train_f1", *rows]))
    (quantity,) = curve_data(results(tmp_path / "out", Asked(metric="val_f1")))["quantities"]
    assert (quantity["label"], quantity["scale"], quantity["log"]) == ("val_f1", 1, False)
    assert quantity["curves"][0]["validation"]["epochs"] == [0, 1, 2]
    assert quantity["curves"][0]["validation"]["mean"] == pytest.approx([0.1, 0.2, 0.3])
    assert quantity["curves"][1]["training"]["mean"] == pytest.approx([0, 0.5, 1])
