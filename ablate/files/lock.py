"""Locks that let only one process at a time train in a run's folder. The operating system frees them on a crash."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.terminal.errors import InputError, UserError

PATIENCE = 1.0  # seconds to wait for a lock, since `is_locked` in another process holds it for a moment
BRIEF = 0.05  # the same, where another process that trains is expected
POLL_SECONDS = 0.5  # between two checks of locks that are waited for


class TrainedElsewhere(UserError):
    """Raised instead of training a run of a study that another process is training."""


def lock(folder: Path, patience: float = PATIENCE) -> FileLock:
    """Return the lock of a run in a study, for use in a `with` statement.

    Entering it raises filelock.Timeout if another process trains in `folder`. The lock file lies next to the folder,
    which may be renamed while the lock is held.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"), timeout=patience)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the folder of a run outside a study, for the duration of the block.

    Raises:
        InputError: another process trains in it.
    """
    path = folder / ".ablate.lock"
    try:
        with FileLock(path, timeout=0):
            try:
                yield
            finally:
                with suppress(OSError):  # Windows deletes no open file
                    path.unlink()
    except Timeout:
        raise InputError(
            f"Another process is training in {folder}. Wait for it, or choose another folder: hydra.run.dir=FOLDER."
        ) from None


def is_locked(folder: Path) -> bool:
    """Return True while another process trains in the folder of a run in a study. Writes nothing."""
    path = folder.with_name(f".{folder.name}.lock")
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a read-only folder, in which no run can be training
        return False


def wait_for_any(folders: Sequence[Path]) -> None:
    """Wait until no other process trains in one of these folders of runs in a study."""
    while all(is_locked(folder) for folder in folders):
        time.sleep(POLL_SECONDS)
