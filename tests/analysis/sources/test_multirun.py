"""Folders as Hydra and Lightning leave them."""

import json
import math
import os
import shutil
import subprocess

import pytest

from ablate.analysis.effects import effects
from ablate.analysis.sources import multirun
from ablate.analysis.sources.any_source import Asked, results
from ablate.runs.metric import named
from ablate.terminal.errors import InputError
from tests.study.app.conftest import app  # noqa: F401  a fixture

ACC = named("acc")


@pytest.fixture(scope="module")
def jobs(app, tmp_path_factory):  # noqa: F811
    """A multirun of Hydra's own sweeper: two models, two dropouts, two seeds; metrics.json in each job."""
    folder = tmp_path_factory.mktemp("multirun")
    words = ("-m", "hydra.sweep.dir=out", "form=json", "model=cnn,resnet", "dropout=0.5,0.0", "seed=0,1")
    ended = app(folder, *words)
    assert ended.returncode == 0, ended.stderr
    return folder / "out"


@pytest.fixture
def folder(jobs, tmp_path):
    """A copy of it to change something in."""
    return shutil.copytree(jobs, tmp_path / "out")


def test_the_sweep_gives_factors_baseline_and_metrics(folder):
    assert multirun.is_multirun(folder)
    study = results(folder, Asked(metric="acc"))
    assert study.plan.factors == {"model": ["cnn", "resnet"], "dropout": ["0.5", "0.0"]}
    assert study.plan.baseline == {"model": "cnn", "dropout": "0.5"} and study.plan.seeds == [0, 1]
    table = study.effects.set_index("variant")
    assert table.loc["model=resnet", "n"] == 2
    assert table.loc["model=resnet", "mean"] - table.loc["baseline", "mean"] == pytest.approx(-0.05, abs=0.02)
    nested = results(folder, Asked(metric="nested.loss"))
    assert nested.metric.direction == "min" and nested.effects["mean"].iloc[0] == pytest.approx(
        1 - table["mean"].iloc[0]
    )


@pytest.mark.parametrize(
    "content", [None, b"", b"\x00", b"hydra: 1", b"hydra: {overrides: {task: ['model={']}}", b"[" * 10_000]
)
def test_without_a_usable_multirun_yaml_the_order_is_that_of_the_jobs(folder, content):
    (folder / "multirun.yaml").unlink()
    if content is not None:
        (folder / "multirun.yaml").write_bytes(content)
    study = results(folder, Asked(metric="acc"))
    assert study.plan.baseline == {"model": "cnn", "dropout": "0.5"}
    assert "missing or incomplete" in " ".join(study.assumptions)


def test_a_job_that_crashed_is_a_hole_and_other_keys_are_levels(folder):
    (folder / "3/metrics.json").unlink()
    (folder / "5/.hydra/overrides.yaml").write_text("- model=resnet\n- dropout=0.5\n- seed=1\n- +extra=1\n")
    study = results(folder, Asked(metric="acc"))
    assert study.runs["status"].value_counts()["failed"] == 1
    assert study.plan.factors["extra"] == ["(not set)", "1"]


def test_jobs_sort_by_their_numbers(folder):
    for number in range(8, 12):
        shutil.copytree(folder / "0", folder / str(number))
    assert [job.name for job in multirun.job_folders(folder)] == [str(number) for number in range(12)]


def test_lightnings_metrics_and_the_best_epoch(folder):
    for number in range(8):
        (folder / str(number) / "metrics.json").unlink()
        logs = folder / str(number) / "csv"
        for version, best in ((2, 0.9), (10, 0.7)):  # the later version counts, though its name sorts first
            (logs / f"version_{version}").mkdir(parents=True)
            rows = [f"0,1,,{best - 0.2}", "0,1,2.0,", f"1,2,,{best + number / 100}", "1,2,1.0,", f"2,3,,{best - 0.1}"]
            (logs / f"version_{version}/metrics.csv").write_text("\n".join(["epoch,step,train/loss,val/acc", *rows]))
    last, best = (results(folder, Asked(metric="val/acc", best=flag)) for flag in (False, True))
    assert last.effects["mean"].iloc[0] == pytest.approx(0.6) and best.effects["mean"].iloc[0] == pytest.approx(0.705)
    assert last.curves.query("variant == 'baseline' and seed == 0")["val/acc"].tolist() == pytest.approx(
        [0.5, 0.7, 0.6]
    )


def test_other_files_by_a_pattern(folder):
    for job in multirun.job_folders(folder):
        (job / "eval").mkdir()
        (job / "metrics.json").rename(job / "eval/final.json")
    with pytest.raises(InputError, match="--metrics GLOB"):
        results(folder, Asked(metric="acc"))
    assert len(results(folder, Asked(metric="acc", files="eval/*.json")).runs) == 8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "must hold an object"),
        ("", "not valid JSON"),
        ('{"a":' * 5000, "not valid JSON"),
        ('{"a":[' + "1," * 2**20 + "1]}", "more than the limit of 1,048,576"),
    ],
)
def test_a_job_with_damaged_metrics_has_failed_and_its_file_is_named(folder, content, message):
    (folder / "0/metrics.json").write_text(content)
    study = results(folder, Asked(metric="acc"))
    assert study.runs["status"].value_counts().to_dict() == {"completed": 7, "failed": 1}
    assert any(text.startswith(f"Counts as failed: {folder}/0/metrics.json") and message in text
               for text in study.assumptions)  # fmt: skip
    for number in range(1, 8):
        (folder / f"{number}/metrics.json").write_text(content)
    with pytest.raises(InputError, match=message):
        results(folder, Asked(metric="acc"))


@pytest.mark.parametrize(
    "content",
    ["1", "{a: 1}", "- {a: 1}", "\x00", "!!python/object/apply:os.getcwd []", "- &a net=1\n- *a\n", '- "net=\\ud800"\n',
     "[" * 60 + "]" * 60, "- a=1\n" * 20_000],
)  # fmt: skip
def test_damaged_overrides_are_named(folder, content):
    (folder / "0/.hydra/overrides.yaml").write_text(content)
    with pytest.raises(InputError, match="overrides.yaml"):
        results(folder, Asked(metric="acc"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(), "Name the metric with --metric. Metrics of the first job: acc, nested.loss"),
        (Asked(metric="accuracy"), "has the metric accuracy. Metrics found: acc, nested.loss"),
        (Asked(metric="acc", seed="random_state"), "sets random_state. Overrides that jobs set"),
        (Asked(metric="acc", baseline={"model": "vit"}), "has no level vit"),
    ],
)
def test_what_is_not_there_is_named(jobs, asked, message):
    with pytest.raises(InputError) as error:
        results(jobs, asked)
    assert message in str(error.value)


def test_nan_is_no_number(folder):
    (folder / "0/metrics.json").write_text(json.dumps({"acc": math.nan}))
    runs = results(folder, Asked(metric="acc")).runs
    assert runs.loc[runs["folder"] == "0", "status"].item() == "failed"
    assert effects(runs, metric=ACC)["n"].iloc[0] == 1


@pytest.mark.parametrize(
    "sweep",
    [
        "range(0,1000000000)",
        "glob(*)",
        "interval(0,1)",
        "shuffle(range(0,100000000))",
        "${oc.env:HOME},resnet",
        "[" * 500,
    ],
)
def test_a_sweep_of_any_size_costs_no_more_than_its_jobs(folder, sweep):
    content = {"hydra": {"overrides": {"task": [f"model={sweep}", "seed=range(0,1000000000)"]}}}
    (folder / "multirun.yaml").write_text(json.dumps(content))
    assert len(results(folder, Asked(metric="acc")).runs) == 8


@pytest.mark.parametrize("name", ["status", "folder", "seconds", "acc"])
def test_an_override_with_the_name_of_a_report_column_is_refused(folder, name):
    (folder / "5/.hydra/overrides.yaml").write_text(f"- model=resnet\n- dropout=0.5\n- seed=1\n- +{name}=1\n")
    with pytest.raises(InputError, match="the name of a report column"):
        results(folder, Asked(metric="acc"))


def test_folders_in_folders_are_refused_in_a_sentence(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(folder)
    try:
        with pytest.raises(InputError, match="too many levels of folders"):
            results(folder, Asked(metric="acc"))
    finally:
        subprocess.run(["rm", "-rf", "d"], cwd=folder, check=True)  # too deep for pytest


@pytest.mark.parametrize("pattern", ["/etc/*", "a**b", "["])
def test_a_glob_that_is_not_valid_is_named(folder, pattern):
    with pytest.raises(InputError):
        results(folder, Asked(metric="acc", files=pattern))


@pytest.mark.parametrize("name", [os.fsdecode(b"caf\xe9"), "a\nb", "a\x1b[2J"])
def test_a_job_in_a_folder_that_cannot_be_named_is_refused(folder, name):
    (folder / "0").rename(folder / name)
    with pytest.raises(InputError, match="printable name in UTF-8. Rename it"):
        results(folder, Asked(metric="acc"))
