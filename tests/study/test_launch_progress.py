"""The progress of a running study: one line per run where stderr is not a terminal."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn
from omegaconf import OmegaConf

from ablate.runs.metric import ACCURACY, named
from ablate.study.launch_progress import run_line, show_progress
from ablate.study.launcher import Job

RESULTS = {"baseline": {0: 0.5, 1: "failed"}, "model=b": {0: 0.7125, 1: None}}


def job(folder: Path, inside: str) -> Job:
    overrides = [f"hydra.sweep.dir={folder}", f"hydra.sweep.subdir='{inside}'"]
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
    return Job(SimpleNamespace(), print, config, 0, overrides, {})


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("model=b/seed=0", "completed, validation accuracy 71.2 %, 7.5 s"),
        ("baseline/seed=1", "failed"),
        ("model=b/seed=1", "no record"),
    ],
)
def test_a_line_has_the_status_and_for_a_finished_run_its_result(make_study, inside, line):
    folder = make_study(RESULTS, {"model": ["a", "b"]})
    assert run_line(folder, job(folder, inside), ACCURACY) == f"{inside}  {line}"


def test_a_line_has_the_metric_of_the_study(make_study):
    folder = make_study(RESULTS, {"model": ["a", "b"]})
    assert ", validation loss 0.5" in run_line(folder, job(folder, "baseline/seed=0"), named("val_loss"))
    assert run_line(folder, job(folder, "baseline/seed=0"), named("val_macro_f1")).endswith("completed")


def test_results_are_printed_as_runs_end_and_returned_in_the_order_of_the_jobs(make_study, capsys):
    folder = make_study(RESULTS, {"model": ["a", "b"]})
    jobs = [job(folder, inside) for inside in ("baseline/seed=0", "baseline/seed=1", "model=b/seed=0")]
    ends = [JobReturn(_return_value=number) for number in range(3)]
    results = (None if index is None else (index, ends[index]) for index in (2, None, 0, 1))
    assert show_progress(jobs, results) == ends
    assert [line.split("  ")[:2] for line in capsys.readouterr().err.splitlines()] == [
        ["1/3", "model=b/seed=0"], ["2/3", "baseline/seed=0"], ["3/3", "baseline/seed=1"],
    ]  # fmt: skip


def test_an_error_closes_the_launcher(make_study):
    folder = make_study(RESULTS, {"model": ["a", "b"]})
    closed = []

    def results():
        try:
            while True:
                yield 5, JobReturn()  # of a job that does not exist
        finally:
            closed.append(True)

    started = results()  # held, so that only `close` can end it
    with pytest.raises(IndexError):
        show_progress([job(folder, "baseline/seed=0")], started)
    assert closed
