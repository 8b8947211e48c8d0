"""Processes that do one task after another; the death of one costs its task alone."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context, parent_process
from typing import Any

FORK = get_context("fork")  # a worker has what this process has imported and decoded, without a copy
PATIENCE = 5.0  # seconds to write down a state in, after an interrupt


class Died(Exception):
    """A worker was ended from outside, or ended itself, while it had a task."""


class Worker:
    """A process that calls `work` with each number it is given, after a call of `start`."""

    def __init__(self, work: Callable[[int], Any], start: Callable[[], None]) -> None:
        self.start, self.task = start, -1
        self.connection, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_serve, args=(theirs, work, start))
        self.process.start()
        theirs.close()

    def give(self, task: int) -> None:
        """Start a task; without one left, let the process end when it is asked to."""
        self.task = task
        self.connection.send(task)

    def take(self) -> Any:
        """What the task returned, or `Died`."""
        try:
            if self.connection.poll():
                return self.connection.recv()
        except (EOFError, OSError):
            pass
        self.process.join()
        return Died(_cause(self.process.exitcode or 0))


def each(
    count: int, work: Callable[[int], Any], starts: Sequence[Callable[[], None]], tick: float
) -> Iterator[tuple[int, Any] | None]:
    """Yield (task, what `work(task)` returned) for the tasks 0 to count - 1 as they end; None every `tick` seconds.

    There is a worker for each of `starts`, which is called in it first; a free worker takes the next task. A worker
    that dies gives `Died` in place of a return, and another takes its place. The workers end with this generator.
    """
    waiting = deque(range(count))
    workers: list[Worker] = []
    try:
        for start in starts[:count]:
            workers.append(Worker(work, start))
            workers[-1].give(waiting.popleft())
        busy = list(workers)
        while busy:
            signs = [sign for worker in busy for sign in (worker.connection, worker.process.sentinel)]
            ready = set(connection.wait(signs, timeout=tick))
            yield None
            for worker in [w for w in busy if {w.connection, w.process.sentinel} & ready]:
                yield worker.task, worker.take()
                busy.remove(worker)
                if waiting:
                    if not worker.process.is_alive():
                        workers.remove(worker)
                        worker = Worker(work, worker.start)
                        workers.append(worker)
                    worker.give(waiting.popleft())
                    busy.append(worker)
    finally:
        _end(workers)


def _serve(theirs: connection.Connection, work: Callable[[int], Any], start: Callable[[], None]) -> None:
    """A worker's life."""
    os.setpgid(0, 0)  # Ctrl-C in the terminal reaches the parent alone, which passes it on once
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored below `nohup` and a shell's `&`
        signal.signal(number, signal.default_int_handler)
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        start()
        while True:
            theirs.send(work(theirs.recv()))
    except KeyboardInterrupt:
        pass


def _follow_parent() -> None:
    """A parent that was killed could not say so: end as if it had."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGINT)


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        if worker.process.is_alive() and worker.process.pid is not None:
            os.kill(worker.process.pid, signal.SIGINT)
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        worker.process.kill()
        worker.process.join()


def _cause(status: int) -> str:
    if status == -signal.SIGKILL:
        return "its process was killed (SIGKILL), as the system does when memory runs out"
    return f"its process ended with {signal.Signals(-status).name if status < 0 else f'exit status {status}'}"
