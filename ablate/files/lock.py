"""One process at a time trains in a run's folder: the operating system's own lock, which ends with its holder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.terminal.errors import InputError

PATIENCE = 1.0  # seconds that `held` of another process may keep a lock busy


def lock(folder: Path) -> FileLock:
    """The lock of a run's folder, to be used as a context; Timeout if another process trains there.

    It lies beside the folder, which may be set aside while it is held.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"), timeout=PATIENCE)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """In the block no other process trains in the folder of this run, which is outside a study.

    Raises:
        InputError: another one does.
    """
    place = folder / ".ablate.lock"
    try:
        with FileLock(place, timeout=0):
            try:
                yield
            finally:
                with suppress(OSError):  # Windows keeps a file that is open
                    place.unlink()
    except Timeout:
        raise InputError(
            f"Another process trains in {folder}. Wait for it, or give this run another folder: hydra.run.dir=FOLDER."
        ) from None


def held(folder: Path) -> bool:
    """True while another process trains in `folder`. Nothing is written."""
    path = folder.with_name(f".{folder.name}.lock")
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that only reading is allowed in: nobody trains there
        return False
