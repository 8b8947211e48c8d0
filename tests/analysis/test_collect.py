"""Study folders read into frames: every planned run has a row."""

import json
import math

import numpy as np
import pytest

from ablate.analysis import collect
from ablate.analysis.effects import effects
from ablate.analysis.tables.further_tests import further_tests
from ablate.runs.metric import named
from ablate.runs.study_plan import COLUMNS
from ablate.terminal.errors import InputError

FACTORS = {"normalization": ["batch", "none"], "optimizer.weight_decay": ["0.0005", "0"]}


@pytest.fixture
def study(make_study):
    results = {
        "baseline": {0: 0.75, 1: 0.5, 2: "running"},
        "normalization=none": {0: 0.25, 1: "diverged", 2: None},
        "optimizer.weight_decay=0": {0: "failed", 1: "interrupted", 2: 0.5},
    }
    return make_study(results, FACTORS)


def test_every_planned_run_has_a_row_in_plan_order(study):
    runs = collect.collect(study)
    expected = ["completed", "completed", "interrupted", "completed", "diverged", "missing", "failed", "interrupted"]
    assert runs["status"].tolist() == [*expected, "completed"]
    assert runs["seed"].tolist() == [0, 1, 2] * 3
    assert runs["study"].unique().tolist() == ["study"]
    assert runs["normalization"].tolist() == ["batch"] * 3 + ["none"] * 3 + ["batch"] * 3
    assert runs["optimizer.weight_decay"].tolist() == ["0.0005"] * 6 + ["0"] * 3
    np.testing.assert_array_equal(runs["val_accuracy"], [0.75, 0.5, *[np.nan] * 1, 0.25, *[np.nan] * 4, 0.5])
    assert runs.loc[0, ["train_loss", "epochs", "seconds", "parameters"]].tolist() == [0.1, 4, 7.5, 1000]
    assert runs.loc[6, "error"].endswith("out of memory")
    assert (study / runs.loc[3, "folder"] / "run.json").exists()
    assert collect.factors(runs) == list(FACTORS)


def test_metrics_do_not_add_duplicate_columns(study):
    run = json.loads((study / "baseline" / "seed=0" / "run.json").read_text())
    run["metrics"]["epoch"] = 4
    (study / "baseline" / "seed=0" / "run.json").write_text(json.dumps(run))
    columns = list(collect.collect(study).columns)
    assert set(columns) - set(FACTORS) == set(COLUMNS) - {collect.LABEL} and len(columns) == len(set(columns))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"schema": 1, "status": "comp', "cannot be read"),
        ("", "cannot be read"),
        ("[]", "schema"),
        ('{"schema": 1, "status": "resting"}', "resting"),
        ('{"schema": 1, "status": "completed", "config_sha256": "baseline 0", "metrics": {}}', "has no metrics"),
        ('{"schema": 1, "status": "completed", "config_sha256": "baseline 0", "metrics": [1]}', r"metrics is [1]"),
        (
            '{"schema": 1, "status": "completed", "config_sha256": "baseline 0", "metrics": {"val_accuracy": 91.2}}',
            "91.2",
        ),
        (
            '{"schema": 1, "status": "completed", "config_sha256": "baseline 0", "metrics": {"val_accuracy": NaN}}',
            "nan",
        ),
    ],
)
def test_an_unreadable_run_keeps_its_row_and_states_the_reason(study, content, reason):
    (study / "baseline" / "seed=0" / "run.json").write_text(content)
    runs = collect.collect(study)
    assert len(runs) == 9
    assert runs.loc[0, "status"] == "unreadable"
    assert reason in runs.loc[0, "error"]
    assert np.isnan(runs.loc[0, "val_accuracy"])


def with_values(study, metric, values):
    """Record the metric in the runs of the baseline and of `model=b`; None: no value."""
    for (variant, seed), value in values.items():
        path = study / variant / f"seed={seed}" / "run.json"
        record = json.loads(path.read_text())
        record["metrics"] |= {} if value is None else {metric: value}
        path.write_text(json.dumps(record))


@pytest.mark.parametrize("metric", ["val_macro_f1", "score"])  # from predictions, which are not there, and recorded
@pytest.mark.parametrize(
    ("value", "status"), [(None, "unreadable"), (math.nan, "unreadable"), (1e101, "diverged"), (math.inf, "diverged")]
)
def test_a_completed_run_without_a_usable_value_of_the_metric_is_not_compared(make_study, metric, value, status):
    seeds = range(7)
    results = {name: dict.fromkeys(seeds, 0.5) for name in ("baseline", "model=b")}
    study = make_study(results, {"model": ["a", "b"]}, metric={"name": metric})
    values = {(name, seed): 0.5 + 0.01 * seed for name in results for seed in seeds}
    values |= {("model=b", seed): 0.6 + 0.02 * seed for seed in seeds} | {("model=b", 6): value}
    with_values(study, metric, values)
    runs, shown = collect.collect(study), named(metric)
    assert runs["status"].tolist() == ["completed"] * 13 + [status] and metric in runs["error"].iloc[-1]
    table = effects(runs, metric=shown)
    assert table["n"].tolist() == [7, 6] and table["verdict"].tolist()[1] == (
        "better" if status == "unreadable" else "inconclusive"
    )
    further = further_tests(table, runs, shown)
    assert further["n (seeds)"].tolist() == ["6"] and further["p, sign flips"].tolist() == ["0.031"]


def test_a_run_with_another_configuration_is_stale(study):
    path = study / "baseline" / "seed=0" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config_sha256": "another"}))
    runs = collect.collect(study)
    assert runs.loc[0, "status"] == "stale"
    assert np.isnan(runs.loc[0, "val_accuracy"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no study.json"),
        ("{", "cannot be read"),
        ('{"schema": 2}', "schema 1"),
        ('{"schema": 1, "name": "a", "factors": {}, "runs": []}', "lacks baseline, seeds, command"),
        (
            '{"schema": 1, "name": "a", "baseline": {}, "factors": {}, "seeds": [], "command": "",'
            ' "runs": [{"variant": "a"}]}',
            r"lacks runs\[0\]\.factors",
        ),
    ],
)
def test_a_folder_that_is_not_a_study_is_refused(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "study.json").write_text(content)
    with pytest.raises(InputError, match=reason):
        collect.collect(tmp_path)


def test_curves_are_those_of_runs_with_a_result(study):
    curves = collect.curves(study, collect.collect(study))
    runs = curves.drop_duplicates(["variant", "seed"])[["variant", "seed", "status"]].to_numpy().tolist()
    assert runs == [
        ["baseline", 0, "completed"],
        ["baseline", 1, "completed"],
        ["normalization=none", 0, "completed"],
        ["normalization=none", 1, "diverged"],
        ["optimizer.weight_decay=0", 2, "completed"],
    ]
    assert len(curves) == 5 * 4
    assert curves["val_loss"][0] == pytest.approx(0.25 + 1.5 * 0.6)
    assert np.isinf(curves["train_loss"][15]) and np.isnan(curves["val_loss"][15])


HEAD = "epoch,step,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,seconds,images_per_second\r\n"
ROW = "{},10,0.1,{},0.5,0.5,0.5,1.5,1000.0\r\n"


@pytest.mark.parametrize(
    ("text", "train_losses"),
    [
        (HEAD + ROW.format(1, 2.0) + ROW.format(2, 1.5)[:20], [2.0]),  # truncated within a row
        (HEAD + ROW.format(1, 2.0) + ROW.format(2, 1.5)[:-5], [2.0]),  # truncated within the last number
        (HEAD + ROW.format(1, 2.0) + "\0" * 30 + "\n", [2.0]),  # zeros after a power failure
        (
            HEAD + ROW.format(1, 2.0) + ROW.format(2, 1.5) + ROW.format(2, 1.4),
            [2.0, 1.4],
        ),  # an epoch that is written twice
        (HEAD + ROW.format(1, ""), [np.nan]),
        (HEAD, []),
        (HEAD[:12], []),
        ("", []),
        (None, []),
    ],
)
def test_a_damaged_metrics_file_gives_its_complete_rows(study, text, train_losses):
    path = study / "baseline" / "seed=0" / "metrics.csv"
    path.unlink() if text is None else path.write_text(text, newline="")
    curves = collect.curves(study, collect.collect(study))
    first = curves[(curves["variant"] == "baseline") & (curves["seed"] == 0)]
    np.testing.assert_array_equal(first["train_loss"], train_losses)
    assert len(curves) == 16 + len(train_losses)


def test_labels_list_the_levels_that_differ_from_the_baseline(make_study):
    results = {"normalization=none": {0: 0.5}, "baseline": {0: 0.5}, "normalization=none+model=cnn": {0: None}}
    factors = {"model": ["resnet", "cnn"], "normalization": ["batch", "none"]}
    runs = collect.collect(make_study(results, factors))
    assert list(collect.labels(runs).items()) == [
        ("baseline", "baseline"),
        ("normalization=none", "normalization=none"),
        ("normalization=none+model=cnn", "model=cnn, normalization=none"),
    ]
    assert collect.baseline_levels(runs) == "model=resnet, normalization=batch"


def test_home_directories_are_redacted_from_levels(make_study):
    levels = ["/home/ada/a", "/home/ada/b"]
    study = make_study({"baseline": {0: 0.5}, f"data.root={levels[1]}": {0: 0.6}}, {"data.root": levels})
    runs, plan = collect.collect(study), collect.read_plan(study)
    assert runs["data.root"].tolist() == ["~/a", "~/b"] and plan.factors == {"data.root": ["~/a", "~/b"]}
    assert list(collect.labels(runs).values()) == ["baseline", "data.root=~/b"]
