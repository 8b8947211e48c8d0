"""A study that is killed again and again ends with the runs of one that was not."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from tests.faults.planting import report, whole
from tests.processes import epochs, finish, start, until

WORDS = ("train", "-m", "study.name=s", "data=digits", "model=cnn,mlp", "normalization=none,batch", "seed=0,1,2,3",
         "trainer.epochs=12", "trainer.threads=1")  # fmt: skip
KILLS = 20


def done(folder: Path) -> int:
    """Epochs that are done, of all runs."""
    return sum(epochs(path.parent) for path in folder.glob("outputs/s/*/seed=[0-9]/metrics.csv"))


@pytest.mark.faults
def test_twenty_kills_leave_the_same_runs(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole(tmp_path / "whole", *WORDS)
    random = Random(0)
    for _ in range(KILLS):
        until_epoch = done(tmp_path / "cut") + random.randint(0, 6)  # 20 times at most 9 are fewer than there are
        process = start(tmp_path / "cut", *WORDS)
        until(lambda: done(tmp_path / "cut") >= until_epoch, process)  # noqa: B023  (called at once)
        time.sleep(random.uniform(0, 0.3) + random.choice([0, 2]) * (until_epoch == 0))  # anywhere in an epoch
        assert process.poll() is None
        os.kill(process.pid, random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        finish(process)
    whole(tmp_path / "cut", *WORDS)
    pd.testing.assert_frame_equal(report(tmp_path / "cut"), report(tmp_path / "whole"))
    assert not list((tmp_path / "cut").rglob("checkpoint.pt"))
