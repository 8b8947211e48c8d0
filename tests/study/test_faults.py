"""A study that is killed again and again ends with the runs of one that was not."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.study.processes import finish, start

WORDS = ("train", "-m", "study.name=s", "data=digits", "model=cnn,mlp", "normalization=none,batch", "seed=0,1,2,3",
         "trainer.epochs=12", "trainer.threads=1")  # fmt: skip
KILLS = 20


def report(folder: Path) -> pd.DataFrame:
    assert finish(start(folder, "report", "s"))[0] == 0
    return pd.read_csv(folder / "outputs/s/report/runs.csv").drop(columns="seconds")


@pytest.mark.integration
def test_twenty_kills_leave_the_same_runs(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    began = time.monotonic()
    assert finish(start(tmp_path / "whole", *WORDS))[0] == 0
    usual = time.monotonic() - began
    moments, killed = random.Random(0), 0
    for _ in range(KILLS):
        process = start(tmp_path / "cut", *WORDS)
        try:  # the moment is the test: anywhere in what an undisturbed study takes
            process.wait(moments.uniform(0, 0.5 * usual))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, moments.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            killed += 1
        finish(process)
    assert killed >= 5
    status, said = finish(start(tmp_path / "cut", *WORDS))
    assert status == 0, said
    pd.testing.assert_frame_equal(report(tmp_path / "cut"), report(tmp_path / "whole"))
    assert not list((tmp_path / "cut").rglob("checkpoint.pt"))
