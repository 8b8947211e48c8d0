"""Submit and leave: a study whose runs are left to the queue of a cluster."""

import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ablate.terminal.text import plural

log = logging.getLogger(__name__)


class Submitted(Exception):
    """Runs of a study are in the queue, and the command does not wait for them.

    Attributes:
        folder: of the study.
        arrays: IDs of its jobs and job arrays in the queue.
        queued: number of runs in the queue.
        unsubmitted: number of runs for which the queue has no room.
        limit: why it has none.
    """

    def __init__(self, folder: Path, arrays: Sequence[str], queued: int, unsubmitted: int = 0, limit: str = "") -> None:
        super().__init__(f"{queued} runs of {folder} are in the queue.")
        self.folder, self.arrays = folder, list(arrays)
        self.queued, self.unsubmitted, self.limit = queued, unsubmitted, limit


class FollowingLauncher(Protocol):
    """A launcher that can run a command after jobs have ended."""

    def follow_up(self, folder: Path, after: Sequence[str], command: Sequence[str]) -> str | None:
        """Submit a job that runs the command after these jobs; return its ID, None if there is one already."""


@contextmanager
def leaving(launcher: object, words: Sequence[str], more: bool) -> Iterator[None]:
    """Log the next commands if the block submitted its runs.

    Args:
        launcher: of the study.
        words: those that the command needs to find the folder of the study again.
        more: whether the study continues after these runs, such as with its next stage; another job then does that.
    """
    try:
        yield
    except Submitted as left:
        arrays = list(left.arrays)
        if left.queued:
            jobs = f"Slurm {', '.join(arrays)}" if arrays else "jobs of another command"
            log.info("%s in the queue: %s", plural(left.queued, "run"), jobs)
        if left.unsubmitted:
            log.warning("%s", no_room(left.unsubmitted, left.limit))
        follow_up = getattr(launcher, "follow_up", None)
        if (more or left.unsubmitted) and follow_up and (job := follow_up(left.folder, arrays, command(words))):
            log.info("Slurm job %s continues the study after them", job)
            arrays.append(job)
        log.info("progress: ablate status %s", shlex.quote(str(left.folder)))
        task = "submit the rest and collect the results" if left.unsubmitted else "collect the results"
        log.info("%s: the same command%s", task, f" with {shlex.join(words)}" if words else "")
        if arrays:
            log.info("%s", cancel(arrays))


def cancel(arrays: Sequence[str]) -> str:
    """How to cancel these jobs, whose IDs are unknown if Slurm does not answer."""
    return f"cancel: {shlex.join(['scancel', *arrays])}" if arrays else "list them: squeue --me"


def no_room(runs: int, limit: str) -> str:
    """Explain that runs are not submitted."""
    return (
        f"{plural(runs, 'run')} not submitted yet: the queue accepts no more jobs for now ({limit}). Fewer jobs with"
        " more runs each: hydra.launcher.runs_per_job=N"
    )


def command(words: Sequence[str]) -> list[str]:
    """The command line of this process, with further words."""
    return [sys.executable, *sys.orig_argv[1:], *words]
