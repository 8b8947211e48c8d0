"""The GPUs that a Slurm job asks for."""

import pytest
from omegaconf import OmegaConf

from ablate.study.launcher.slurm_gpus import with_gpus
from ablate.terminal.errors import InputError


def gpus(device: str, devices: int = 2, runs_at_once: int = 1, **settings: object) -> object:
    trainer = OmegaConf.create({"device": device, "devices": devices})
    return with_gpus({"gpus_per_node": None, "gres": None, **settings}, trainer, runs_at_once)["gpus_per_node"]


def test_a_job_asks_for_the_gpus_of_a_run_unless_the_command_does():
    assert gpus("cuda") == 2 and gpus("cuda", gpus_per_node=4) == 4
    assert gpus("cuda", gres="gpu:a100:2") is None and gpus("auto") is None
    assert gpus("cuda", devices=1) is None and gpus("cpu", runs_at_once=3) is None


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_job_whose_gpus_are_too_few_or_shared_is_refused(device):
    with pytest.raises(InputError, match="trainer.devices=2 needs hydra.launcher.gpus_per_node=2, not 1"):
        gpus(device, gpus_per_node=1)
    with pytest.raises(InputError, match="trainer.devices=2 needs hydra.launcher.runs_at_once=1, not 3"):
        gpus(device, gpus_per_node=2, runs_at_once=3)
