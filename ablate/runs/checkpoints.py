"""The names of the checkpoints of an unfinished run, in its folder."""

from pathlib import Path

CHECKPOINT = "checkpoint.pt"
BEFORE = "checkpoint.before.pt"  # the one before it, in case the last is damaged
NEXT = "checkpoint.next.pt"  # for a moment, the one that is about to take its place
CHECKPOINTS = (NEXT, CHECKPOINT, BEFORE)  # each whole, the newest first


def exist(folder: Path) -> bool:
    """True if there is a checkpoint to resume from."""
    return any((folder / name).exists() for name in CHECKPOINTS)


def remove(folder: Path) -> None:
    """Remove the checkpoints of a run that has ended."""
    for name in CHECKPOINTS:
        (folder / name).unlink(missing_ok=True)
