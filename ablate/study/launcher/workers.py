"""Worker processes that run one task after another. If a worker dies, only its current task is lost."""

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection
from typing import Any

from ablate.backend import parent_death, processes, signals
from ablate.backend.processes import ByValue

CHECKPOINT_SECONDS = 5.0  # time to write a checkpoint after an interrupt


class WorkerDied(Exception):
    """A worker was killed or exited while it ran a task."""


class Worker:
    """A process that calls `start`, then `work(task)` for each task it is sent."""

    task: Any

    def __init__(self, work: Callable[[Any], Any], start: Callable[[], None]) -> None:
        self.start, self.task = start, None
        context = processes.context()
        self.connection, child = context.Pipe()
        self.process = context.Process(target=_serve, args=(child, ByValue(work), ByValue(start), os.getpid()))
        self.process.start()
        child.close()

    def send(self, task: Any) -> None:
        """Start a task."""
        self.task = task
        self.connection.send(task)

    def receive(self) -> Any:
        """Return the result of the task, or `WorkerDied`."""
        try:
            if self.connection.poll():
                return self.connection.recv()
        except (EOFError, OSError):
            pass
        self.process.join()
        return WorkerDied("the process " + processes.cause(self.process.exitcode or 0))


def run_tasks(
    take: Callable[[], Any],
    work: Callable[[Any], Any],
    starts: Sequence[Callable[[], None]],
    refresh_seconds: float = 1.0,
) -> Iterator[tuple[Any, Any] | None]:
    """Run tasks in worker processes until none is left and all have ended.

    A free worker takes the next task; a worker that dies is replaced. Closing the generator stops the workers.

    Args:
        take: called when a worker is free; returns the next task, or None: there is none now. Another may follow when
            a task ends.
        work: called in a worker with a task; tasks and results must be picklable.
        starts: one function per worker, called first in it.
        refresh_seconds: longest time between two yields.

    Yields:
        (task, result of `work` or `WorkerDied`) as each task ends, or None.
    """
    unused, idle = deque(starts), list[Worker]()
    busy: list[Worker] = []
    try:
        while True:
            while (unused or idle) and (task := take()) is not None:
                worker = _free_worker(idle, unused, work)
                busy.append(worker)
                worker.send(task)
            if not busy:
                return
            handles = [handle for worker in busy for handle in (worker.connection, worker.process.sentinel)]
            ready = set(connection.wait(handles, timeout=refresh_seconds))
            yield None
            for worker in [w for w in busy if {w.connection, w.process.sentinel} & ready]:
                yield worker.task, worker.receive()
                busy.remove(worker)
                idle.append(worker)
    finally:
        _stop([*busy, *idle])


def _free_worker(idle: list[Worker], unused: deque[Callable[[], None]], work: Callable[[Any], Any]) -> Worker:
    """An idle worker, or a new one if that one died or there is none."""
    if not idle:
        return Worker(work, unused.popleft())
    worker = idle.pop()
    return worker if worker.process.is_alive() else Worker(work, worker.start)


def _serve(parent: connection.Connection, work: Callable[[Any], Any], start: Callable[[], None], launcher: int) -> None:
    """Main function of a worker process."""
    processes.leave_group()  # Ctrl-C reaches only the parent, which interrupts the workers
    signals.interrupt("SIGINT", "SIGTERM")  # SIGINT is ignored in jobs started with `nohup` or `&`
    parent_death.signaled(signal.SIGINT, launcher)
    try:
        start()
        while True:
            parent.send(work(parent.recv()))
    except KeyboardInterrupt:
        pass


def _stop(workers: Sequence[Worker]) -> None:
    for worker in workers:
        if worker.process.is_alive() and worker.process.pid is not None:
            processes.interrupt(worker.process.pid)
    deadline = time.monotonic() + CHECKPOINT_SECONDS
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        worker.process.kill()
        worker.process.join()
