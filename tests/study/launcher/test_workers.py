"""Tasks in worker processes, some of which die."""

import faulthandler
import os
import signal
from functools import partial

import pytest
from omegaconf import OmegaConf

from ablate.backend import processes
from ablate.study.launcher import local, workers
from ablate.terminal.errors import InputError


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


def test_workers_are_spread_over_gpus():
    assert local.assign_gpus(["0", "1"], 2, 8) == ["0", "1", "0", "1"]
    assert local.assign_gpus([], 2, 3) == [None, None, None]


def test_runs_on_several_devices_have_gpus_of_their_own():
    assert local.groups_of(["0", "1", "2", "5", "6"], 2) == ["0,1", "2,5"]
    assert local.groups_of(["0", "1"], 3) == [] and local.groups_of(["0", "1"], 1) == ["0", "1"]


@pytest.mark.parametrize(("gpus", "jobs_per_gpu"), [(1, 1), (2, 2)])
def test_a_run_without_gpus_of_its_own_is_refused(gpus, jobs_per_gpu, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    config = OmegaConf.create({"trainer": {"device": "cuda", "devices": 2}})
    with pytest.raises(InputError, match="trainer.devices=2: a run needs 2 GPUs of its own"):
        local.workers_of(config, None, jobs_per_gpu)
    config.trainer.device = "cpu"
    assert local.workers_of(config, 3, jobs_per_gpu) == [None] * 3


def test_only_visible_gpus_are_used(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert local.visible_gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert local.visible_gpus() == ["3", "5"]


def test_gpus_are_counted_in_another_process(monkeypatch):
    """Counting may initialize CUDA, after which the process cannot be forked into workers."""
    called = []
    monkeypatch.setattr("torch.cuda.device_count", lambda: called.append(1) or 2)
    assert len(local.visible_gpus()) == 2 and not called
