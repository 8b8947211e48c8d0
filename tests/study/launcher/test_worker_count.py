"""How many workers, with which GPUs."""

import pytest
from omegaconf import OmegaConf

from ablate.study.launcher import worker_count
from ablate.terminal.errors import InputError


def test_workers_are_spread_over_gpus():
    assert worker_count.assign_gpus(["0", "1"], 2, 8) == ["0", "1", "0", "1"]
    assert worker_count.assign_gpus([], 2, 3) == [None, None, None]


def test_runs_on_several_devices_have_gpus_of_their_own():
    assert worker_count.groups_of(["0", "1", "2", "5", "6"], 2) == ["0,1", "2,5"]
    assert worker_count.groups_of(["0", "1"], 3) == [] and worker_count.groups_of(["0", "1"], 1) == ["0", "1"]


@pytest.mark.parametrize(("gpus", "jobs_per_gpu"), [(1, 1), (2, 2)])
def test_a_run_without_gpus_of_its_own_is_refused(gpus, jobs_per_gpu, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    config = OmegaConf.create({"trainer": {"device": "cuda", "devices": 2}})
    with pytest.raises(InputError, match="trainer.devices=2: a run needs 2 GPUs of its own"):
        worker_count.workers_of(config, None, jobs_per_gpu)
    config.trainer.device = "cpu"
    assert worker_count.workers_of(config, 3, jobs_per_gpu) == [None] * 3


def test_only_visible_gpus_are_used(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert worker_count.visible_gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert worker_count.visible_gpus() == ["3", "5"]


def test_gpus_are_counted_in_another_process(monkeypatch):
    """Counting may initialize CUDA, after which the process cannot be forked into workers."""
    called = []
    monkeypatch.setattr("torch.cuda.device_count", lambda: called.append(1) or 2)
    assert len(worker_count.visible_gpus()) == 2 and not called
