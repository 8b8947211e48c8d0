"""Workers of other launchers: none outlives a study that was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ablate.study.launcher.other_launchers import OUR_LAUNCHERS, EndsWithStudy, task_of
from tests.processes import ENVIRONMENT

# A study whose worker runs its task, then waits for ever; the study prints the worker's process ID.
STUDY = """
import os, signal
from ablate.study.launcher.other_launchers import EndsWithStudy
task = EndsWithStudy(lambda config: config)
if not (worker := os.fork()):
    task(1), task(2), os.write(ready, b"x")
    signal.pause()
print(worker, flush=True)
signal.pause()
"""


def test_a_worker_ends_with_a_study_that_is_killed():
    ready, other_end = os.pipe()
    code = f"ready = {other_end}\n{STUDY}"
    command = [sys.executable, "-c", code]
    study = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[other_end], env=ENVIRONMENT)
    os.close(other_end)
    assert study.stdout and os.read(ready, 1) == b"x"
    worker = int(study.stdout.readline())
    assert Path(f"/proc/{worker}").exists()
    study.send_signal(signal.SIGKILL)
    assert study.stdout.read() == b"" and os.read(ready, 1) == b""  # the pipes close with the last process
    study.wait()


@pytest.mark.parametrize(
    ("launcher", "wrapped"), [(f"{OUR_LAUNCHERS}LocalLauncher", False), ("x.JoblibLauncher", True)]
)
def test_only_tasks_of_other_launchers_are_wrapped(launcher, wrapped):
    task = task_of(launcher, len)
    assert (task is not len) == wrapped and task("abc") == 3


def test_the_process_of_the_study_itself_may_run_the_task():
    assert EndsWithStudy(len)("abc") == 3
