"""A small study, the faults planted into it, and what all its folders must then have in common."""

import subprocess
from pathlib import Path

import pandas as pd
import torch

from ablate.analysis.collect import collect
from tests.processes import ROOT, ablate, assert_the_same, finish, record, start

PLANTED = Path(__file__).parent / "planted"
RUN = Path("outputs/s/baseline/seed=0")
TIMES = ["seconds", "images_per_second"]


def words(epochs: int, *more: str) -> tuple[str, ...]:
    """A study of one run, trained in the process that is started."""
    return ("train", "-m", "study.name=s", "data=digits", "data.train_limit=64", "model=cnn", "normalization=batch",
            f"trainer.epochs={epochs}", "trainer.threads=1", "seed=0", "hydra/launcher=basic", *more)  # fmt: skip


def faulty(folder: Path, kind: str, at: int, *overrides: str) -> subprocess.Popen[str]:
    """`ablate` with these words, and the fault at its `at`-th change to the study's folder."""
    return start(folder, *overrides, PYTHONPATH=f"{PLANTED}:{ROOT}", FAULT=kind, FAULT_AT=str(at))


def changes(folder: Path, *overrides: str) -> list[str]:
    """What a run that nothing disturbs does to its study's folder, change by change."""
    counted = folder / "changes"
    status, output = finish(start(folder, *overrides, PYTHONPATH=f"{PLANTED}:{ROOT}", FAULT_COUNT=str(counted)))
    assert status == 0, output
    return counted.read_text().splitlines()


def whole(folder: Path, *overrides: str) -> None:
    """`ablate` with these words, to a good end."""
    ended = ablate(folder, *overrides)
    assert ended.returncode == 0, ended.stderr


def report(folder: Path) -> pd.DataFrame:
    """What a report lists of the study's runs."""
    assert ablate(folder, "report", "s").returncode == 0
    return pd.read_csv(folder / "outputs/s/report/runs.csv").drop(columns="seconds")


def assert_undisturbed(folder: Path, undisturbed: Path) -> None:
    """Weights, curves and the frame that a report writes are those of the undisturbed study; nothing else is left."""
    frames = [collect(each / "outputs/s").drop(columns="seconds") for each in (folder, undisturbed)]
    pd.testing.assert_frame_equal(*frames)
    for run in frames[0]["folder"]:
        assert_the_same(folder / "outputs/s" / run, undisturbed / "outputs/s" / run)
        assert files(folder / "outputs/s" / run) == files(undisturbed / "outputs/s" / run)


def assert_the_same_values(folder: Path, undisturbed: Path, but: frozenset[str] = frozenset()) -> None:
    """`assert_undisturbed` of a run, whose model.pt holds the same numbers but need not be the same file.

    The files named `but` may be there or not.
    """
    one, other = (torch.load(each / RUN / "model.pt", weights_only=True) for each in (folder, undisturbed))
    assert list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in other)
    assert record(folder / RUN)["metrics"] == record(undisturbed / RUN)["metrics"]
    rows = [pd.read_csv(each / RUN / "metrics.csv").drop(columns=TIMES) for each in (folder, undisturbed)]
    pd.testing.assert_frame_equal(*rows)
    assert files(folder / RUN) ^ files(undisturbed / RUN) <= but


def files(run: Path) -> set[str]:
    """What is in a run's folder, hidden files too."""
    return {path.name for path in run.iterdir()}
