"""Only one process at a time trains in a run's folder, and its death frees the lock."""

import subprocess
import sys

import pytest
from filelock import Timeout

from ablate.files.lock import exclusive, is_locked, lock
from ablate.terminal.errors import InputError

HOLD = """
import pathlib, sys
from ablate.files.lock import lock
with lock(pathlib.Path(sys.argv[1])):
    print(1, flush=True)
    input()
"""


def test_a_lock_ends_with_its_process_and_checking_it_writes_nothing(tmp_path):
    run = tmp_path / "seed=0"
    assert not is_locked(run) and not list(tmp_path.iterdir())
    command = [sys.executable, "-c", HOLD, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "1\n"
        assert is_locked(run)
        with pytest.raises(Timeout):
            lock(run).acquire(timeout=0)
        other.kill()
    assert not is_locked(run)
    with lock(run):
        assert is_locked(run)


def test_a_run_outside_a_study_locks_its_folder_and_leaves_no_lock_file(tmp_path):
    with exclusive(tmp_path), pytest.raises(InputError, match="Another process is training"), exclusive(tmp_path):
        pass
    with exclusive(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
