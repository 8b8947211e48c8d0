"""Processes that torchrun starts, and what is refused of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ablate.terminal.errors import InputError
from ablate.training.devices.torchrun import Ranks, ranks_of_environment, with_devices
from tests.processes import ENVIRONMENT, alone, assert_the_same, epochs, record

VARIABLES = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "host"}
WORDS = (
    "data=digits",
    "model=mlp",
    "model.hidden=[8]",
    "data.train_limit=160",
    "trainer.batch_size=16",
    "trainer.threads=1",
)


@pytest.fixture
def environment(monkeypatch):
    def change(**values: str | None) -> None:
        for name, value in {**VARIABLES, "MASTER_PORT": "29500", **values}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return change


def test_the_variables_of_torchrun_are_recognized(environment):
    environment()
    assert ranks_of_environment() == Ranks(rank=1, size=4, local_rank=1, local_size=2)
    environment(LOCAL_RANK=None, LOCAL_WORLD_SIZE=None)
    assert ranks_of_environment() == Ranks(rank=1, size=4, local_rank=1, local_size=4)
    environment(WORLD_SIZE="1")
    assert ranks_of_environment() is None
    environment(WORLD_SIZE=None)
    assert ranks_of_environment() is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"RANK": None}, "RANK is not set"),
        ({"RANK": "one"}, "is not an integer"),
        ({"MASTER_PORT": "http"}, "is not an integer"),
        ({"RANK": "4"}, "RANK=4, WORLD_SIZE=4, .*: these do not fit together"),
        ({"RANK": "-1"}, "do not fit together"),
        ({"LOCAL_RANK": "2"}, "do not fit together"),
        ({"LOCAL_WORLD_SIZE": "8"}, "do not fit together"),
        ({"WORLD_SIZE": "0"}, "do not fit together"),
        ({"MASTER_PORT": "0"}, "do not fit together"),
    ],
)
def test_variables_that_do_not_fit_are_refused(values, message, environment):
    environment(**values)
    with pytest.raises(InputError, match=message):
        ranks_of_environment()


def test_the_number_of_processes_is_the_number_of_devices():
    assert with_devices(["seed=1"], 4) == ["seed=1", "trainer.devices=4"]
    assert with_devices(["trainer.devices=4", "seed=1"], 4) == ["trainer.devices=4", "seed=1"]
    with pytest.raises(InputError, match="trainer.devices=2, but 4 processes were started. Use trainer.devices=4"):
        with_devices(["trainer.devices=2"], 4)
    for flag in ("-m", "--cfg", "--help"):
        with pytest.raises(InputError, match=f"remove {flag}"):
            with_devices([flag, "seed=1"], 4)


def torchrun(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a run of two processes on a free port."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "ablate.cli"]
    words = ("train", *WORDS, *words)
    return subprocess.Popen([*command, *words], cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


@pytest.mark.integration
def test_torchrun_trains_as_our_own_processes_do_also_when_a_process_was_killed(tmp_path):
    ours = alone(tmp_path, "train", *WORDS, "trainer.devices=2", "trainer.epochs=60", "hydra.run.dir=a")
    assert ours.returncode == 0, ours.stderr
    killed = torchrun(tmp_path, "trainer.epochs=60", "hydra.run.dir=b")
    while epochs(tmp_path / "b") < 2:
        assert killed.poll() is None, killed.communicate()[1]
        time.sleep(0.02)
    os.kill(process_with_rank(1, tmp_path), signal.SIGKILL)
    assert killed.communicate(timeout=120)[0] is None and killed.returncode != 0
    assert record(tmp_path / "b")["status"] in ("failed", "interrupted") and epochs(tmp_path / "b") < 60
    resumed = torchrun(tmp_path, "trainer.epochs=60", "hydra.run.dir=b")
    output = resumed.communicate(timeout=120)[1]
    assert resumed.returncode == 0 and "resumes from epoch" in output, output
    assert_the_same(tmp_path / "a", tmp_path / "b")


def process_with_rank(rank: int, where: Path) -> int:
    """The process with this rank that works in a folder, from the environments of all processes."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            content = (folder / "environ").read_bytes().split(b"\0")
            works = Path(os.readlink(folder / "cwd"))
        except OSError:  # of another user, or ended
            continue
        if f"RANK={rank}".encode() in content and works == where.resolve():
            return int(folder.name)
    raise AssertionError(f"no process has rank {rank}")
