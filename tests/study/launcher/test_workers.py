"""Tasks in processes of their own, some of which die."""

import faulthandler
import os
import signal
from functools import partial

import pytest

from ablate.study.launcher import local, workers


def work(task: int) -> int:
    if task in (2, 5):
        faulthandler.disable()  # pytest's would print a crash of its own
        os.kill(os.getpid(), signal.SIGKILL if task == 2 else signal.SIGSEGV)
    if task == 7:
        os._exit(3)
    return task * task


@pytest.mark.parametrize("count", [1, 2, 20])
def test_every_task_ends_and_a_death_is_one_task(count):
    ends = dict(end for end in workers.each(9, work, [lambda: None] * count, 1.0) if end is not None)
    assert sorted(ends) == list(range(9))
    died = {task: str(end) for task, end in ends.items() if isinstance(end, workers.Died)}
    assert "SIGKILL" in died[2] and "memory" in died[2] and "SIGSEGV" in died[5] and "exit status 3" in died[7]
    assert {task: end for task, end in ends.items() if task not in died} == {n: n * n for n in (0, 1, 3, 4, 6, 8)}


def test_each_worker_is_started_its_own_way():
    def begin(card: str) -> None:
        os.environ["CARD"] = card

    barrier = workers.FORK.Barrier(3)

    def card(task: int) -> str:
        barrier.wait(30)  # none ends before all have begun: each is another worker's
        return os.environ["CARD"]

    ends = workers.each(3, card, [partial(begin, name) for name in "abc"], 1.0)
    assert {end[1] for end in ends if end is not None} == {"a", "b", "c"} and "CARD" not in os.environ


@pytest.mark.parametrize("in_the_parent", [signal.default_int_handler, signal.SIG_IGN])  # as below `nohup`
def test_leaving_interrupts_the_workers(tmp_path, in_the_parent):
    begun = workers.FORK.Semaphore(0)

    def forever(task: int) -> None:
        try:
            begun.release()
            while True:  # a signal just before `signal.pause` would leave it waiting
                pass
        except KeyboardInterrupt:
            (tmp_path / str(task)).touch()
            raise

    before = signal.signal(signal.SIGINT, in_the_parent)
    try:
        ends = workers.each(2, forever, [lambda: None] * 2, 0.01)
        assert next(ends) is None
        assert begun.acquire(timeout=30) and begun.acquire(timeout=30)
        ends.close()
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(os.listdir(tmp_path)) == ["0", "1"] and not workers.FORK.active_children()


def test_workers_are_spread_over_cards():
    assert local.slots(["0", "1"], 2, 8) == ["0", "1", "0", "1"]
    assert local.slots([], 2, 3) == [None, None, None]


def test_cards_are_those_that_are_visible(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert local.gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert local.gpus() == ["3", "5"]
