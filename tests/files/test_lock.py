"""A run's folder has one process at a time, whose death frees it."""

import subprocess
import sys

import pytest
from filelock import Timeout

from ablate.files.lock import alone, held, lock
from ablate.terminal.errors import InputError

HOLD = """
import pathlib, sys
from ablate.files.lock import lock
with lock(pathlib.Path(sys.argv[1])):
    print(1, flush=True)
    input()
"""


def test_a_lock_ends_with_its_process_and_looking_writes_nothing(tmp_path):
    run = tmp_path / "seed=0"
    assert not held(run) and not list(tmp_path.iterdir())
    command = [sys.executable, "-c", HOLD, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "1\n"
        assert held(run)
        with pytest.raises(Timeout):
            lock(run).acquire(timeout=0)
        other.kill()
    assert not held(run)
    with lock(run):
        assert held(run)


def test_a_run_outside_a_study_is_alone_in_its_folder_and_leaves_no_lock(tmp_path):
    with alone(tmp_path), pytest.raises(InputError, match="Another process trains in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
