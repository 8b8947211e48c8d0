"""Runs on two devices whose processes are killed, interrupted or fail: their message, and the bits after resuming."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes import alone, assert_the_same, epochs, finish, record, start, until

pytestmark = pytest.mark.integration
WORDS = ("data=digits", "model=mlp", "model.hidden=[8]", "normalization=batch", "augmentation=mixup")
WORDS += (
    "data.train_limit=160",
    "trainer.epochs=60",
    "trainer.batch_size=16",
    "trainer.threads=1",
    "trainer.devices=2",
)
FAILING = """
import torch, torch.distributed as dist

class Works(torch.nn.Linear):
    def __init__(self, hidden, classes, channels, image_size, normalization, activation):
        super().__init__(channels * image_size**2, classes)
        self.steps = 0

    def forward(self, x):
        self.steps += self.training
        return super().forward(x.flatten(1))

class InTraining(Works):
    def forward(self, x):
        if self.steps == 5 and dist.get_rank() == 1:
            raise ValueError("a batch that it cannot take")
        return super().forward(x)

class AtStart(Works):
    def __init__(self, **options):
        super().__init__(**options)
        assert dist.get_rank() == 0, "no weights here"
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The run, which was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    ended = alone(folder, "train", *WORDS, "hydra.run.dir=run")
    assert ended.returncode == 0, ended.stderr
    return folder / "run"


def children(process: int) -> list[int]:
    """Processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended may still be listed."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ended_by(signals: str, first: subprocess.Popen[str], others: list[int]) -> None:
    """End a run in one of several ways."""
    if signals == "SIGKILL of another process":
        os.kill(others[0], signal.SIGKILL)
    elif signals == "SIGKILL":
        first.kill()
    else:  # all processes get it, as on a terminal or from Slurm
        os.killpg(first.pid, getattr(signal, signals))


WAYS = {
    "SIGKILL of another process": (1, "failed", "Process 2 of 2 (trainer.devices) was killed (SIGKILL)"),
    "SIGKILL": (-9, "running", ""),
    "SIGINT": (130, "interrupted", "Interrupted. Run the same command again to resume."),
    "SIGTERM": (130, "interrupted", "Interrupted. Run the same command again to resume."),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_was_ended_resumes_with_the_same_bits(way, whole, tmp_path):
    status, recorded, message = WAYS[way]
    first = start(tmp_path, "train", *WORDS, "hydra.run.dir=run", own_group=True)
    until(lambda: epochs(tmp_path / "run") >= 3, first)
    others = children(first.pid)
    assert len(others) == 1
    ended_by(way, first, others)
    code, output = finish(first)
    assert (code, record(tmp_path / "run")["status"]) == (status, recorded) and message in output
    assert "Traceback" not in output
    wait_for_end(others)
    resumed = alone(tmp_path, "train", *WORDS, "hydra.run.dir=run")
    assert resumed.returncode == 0 and "resumes from epoch" in resumed.stderr, resumed.stderr
    assert_the_same(tmp_path / "run", whole)


def wait_for_end(processes: list[int]) -> None:
    """Return when none is alive; they end with their parent. The test's time limit ends the wait."""
    while any(map(is_alive, processes)):
        os.sched_yield()


@pytest.mark.parametrize(
    ("model", "message"),
    [("InTraining", "ValueError: a batch that it cannot take"), ("AtStart", "AssertionError: no weights here")],
)
def test_an_error_in_another_process_is_that_of_the_run_and_its_study_continues(model, message, tmp_path):
    (tmp_path / "net.py").write_text(FAILING)
    words = [word for word in WORDS if not word.startswith("trainer.epochs")]
    ended = alone(
        tmp_path, "train", "-m", *words, "study.name=s", "trainer.epochs=1", f"model._target_=net.{model},net.Works"
    )
    states = [json.loads(path.read_text()) for path in (tmp_path / "outputs/s").glob("*/seed=0/run.json")]
    assert ended.returncode == 1 and "Traceback" not in ended.stderr, ended.stderr
    assert sorted(state["status"] for state in states) == ["completed", "failed"], ended.stderr
    assert message in ended.stderr and any(message in (state.get("error") or "") for state in states)


STUCK = """
import sys, time
from pathlib import Path
from ablate.training.devices import worker_group

worker_group.STUCK_SECONDS = 0.1
def stuck(message):
    Path("recorded").write_text(message)

with worker_group.WorkerGroup(2, Path.cwd(), stuck) as processes:
    processes.processes[0].kill()
    time.sleep(600)
"""


def test_a_process_that_waits_in_a_library_for_one_that_has_failed_ends(tmp_path):
    (tmp_path / "stuck.py").write_text(STUCK)
    ended = alone(tmp_path, module="stuck", root=f"{Path(__file__).parents[3]}{os.pathsep}{tmp_path}")
    assert ended.returncode == 1 and "was killed (SIGKILL)" in ended.stderr
    assert (tmp_path / "recorded").read_text() in ended.stderr.replace("\n", " ")
