"""One process at a time trains in a run's folder: the operating system's own lock, which ends with its holder."""

from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE = 1.0  # seconds that `held` of another process may keep a lock busy


def lock(folder: Path) -> FileLock:
    """The lock of a run's folder, to be used as a context; Timeout if another process trains there.

    It lies beside the folder, which may be set aside while it is held.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"), timeout=PATIENCE)


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
