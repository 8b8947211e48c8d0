"""Tasks in worker processes, some of which die."""

import faulthandler
import os
import signal
from functools import partial

import pytest

from ablate.backend import processes
from ablate.study.launcher import workers


def tasks(count: int):
    return partial(next, iter(range(count)), None)


def work(task: int) -> int:
    if task in (2, 5):
        faulthandler.disable()  # keeps pytest from printing the crash
        os.kill(os.getpid(), signal.SIGKILL if task == 2 else signal.SIGSEGV)
    if task == 7:
        os._exit(3)
    return task * task


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_dying_worker_only_loses_its_task(count):
    results = dict(
        result for result in workers.run_tasks(tasks(9), work, [lambda: None] * count, 1.0) if result is not None
    )
    assert sorted(results) == list(range(9))
    died = {task: str(result) for task, result in results.items() if isinstance(result, workers.WorkerDied)}
    assert "SIGKILL" in died[2] and "memory" in died[2] and "SIGSEGV" in died[5] and "exit status 3" in died[7]
    assert {task: result for task, result in results.items() if task not in died} == {
        n: n * n for n in (0, 1, 3, 4, 6, 8)
    }


def test_each_worker_is_set_up_by_its_function():
    def set_up(gpu: str) -> None:
        os.environ["GPU"] = gpu

    barrier = processes.context().Barrier(3)

    def gpu_of(task: int) -> str:
        barrier.wait(30)  # all tasks must be running, so each has its own worker
        return os.environ["GPU"]

    results = workers.run_tasks(tasks(3), gpu_of, [partial(set_up, name) for name in "abc"], 1.0)
    assert {result[1] for result in results if result is not None} == {"a", "b", "c"} and "GPU" not in os.environ


@pytest.mark.parametrize("parent_handler", [signal.default_int_handler, signal.SIG_IGN])  # as with `nohup`
def test_closing_the_generator_interrupts_the_workers(tmp_path, parent_handler):
    started = processes.context().Semaphore(0)

    def forever(task: int) -> None:
        try:
            started.release()
            while True:  # a signal just before `signal.pause` would leave it waiting
                pass
        except KeyboardInterrupt:
            (tmp_path / str(task)).touch()
            raise

    before = signal.signal(signal.SIGINT, parent_handler)
    try:
        results = workers.run_tasks(tasks(2), forever, [lambda: None] * 2, 0.01)
        assert next(results) is None
        assert started.acquire(timeout=30) and started.acquire(timeout=30)
        results.close()
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(os.listdir(tmp_path)) == ["0", "1"] and not processes.context().active_children()
