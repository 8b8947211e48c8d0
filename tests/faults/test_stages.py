"""A study with stages that is killed again and again takes each look once, and decides as if nothing had happened."""

import random
import signal
import subprocess
import sys
import time

import pytest

from ablate.runs import stages, study_plan
from tests.processes import ENVIRONMENT
from tests.study.app.conftest import APP, SWEEP

pytestmark = pytest.mark.faults
STUDY = (*SWEEP, "hydra.sweeper.stages=[2,4,6]", "hydra.sweeper.margin=0.01", "hydra/launcher=ablate_local",
         "model=resnet,cnn,vit", "dropout=0.0,0.02", "hydra.sweeper.design=one_at_a_time", "seed=range(6)")  # fmt: skip


def start(folder):
    command = [sys.executable, str(APP), *STUDY]
    return subprocess.Popen(command, cwd=folder, env={**ENVIRONMENT, "WAIT": "0.2"}, start_new_session=True)


def outcome(folder):
    """The looks without their times, and the runs that have a result."""
    study = folder / "outputs/s"
    looks = stages.read(study, study_plan.read(study))
    runs = {path.parent.relative_to(study).as_posix() for path in study.glob("*/seed=*/run.json")}
    return [(look.seeds, look.decided) for look in looks], runs


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_staged_study_decides_as_if_nothing_had_happened(tmp_path, seed):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    assert start(tmp_path / "whole").wait(300) == 0
    delays, seen = random.Random(seed), {}
    for _ in range(12):
        process = start(tmp_path / "killed")
        try:
            process.wait(delays.uniform(2, 9))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        file = tmp_path / "killed/outputs/s/stages.json"
        if file.exists():  # a look that was taken never changes
            for look in stages.read(file.parent, study_plan.read(file.parent)):
                assert seen.setdefault(look.seeds, look) == look
        time.sleep(0.1)
    assert start(tmp_path / "killed").wait(300) == 0
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")


def test_two_processes_decide_as_one(tmp_path):
    for name in ("whole", "two"):
        (tmp_path / name).mkdir()
    assert start(tmp_path / "whole").wait(300) == 0
    both = [start(tmp_path / "two") for _ in range(2)]
    assert [process.wait(300) for process in both] == [0, 0]
    assert outcome(tmp_path / "two") == outcome(tmp_path / "whole")
