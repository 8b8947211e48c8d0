"""Out-of-memory errors and nondeterministic operations are reported with a remedy."""

import pytest
import torch

from ablate.data.batches import resident
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError
from ablate.training import device_errors, loop
from tests.training.fitted import CPU, fit
from tests.training.test_run import trained

NETWORKS = """
import weakref

import torch
from torch import nn

occupied = []  # memory of steps that failed, as long as anything refers to it


class Net(nn.Module):
    '''A linear map with room for `room` images.'''

    def __init__(self, classes, channels, image_size, normalization, activation, room=9999, shuffled=False, used=False,
                 normalized=False):
        super().__init__()
        self.map = nn.Linear(channels * image_size**2, classes)
        self.room, self.shuffled, self.used = room, shuffled, used
        self.norm = nn.BatchNorm1d(classes) if normalized else nn.Identity()

    def forward(self, x):
        if self.used:
            raise RuntimeError("this operation is not deterministic because it uses CuBLAS: CUBLAS_WORKSPACE_CONFIG")
        if len(x) > self.room or any(reference() is not None for reference in occupied):
            activations = torch.empty(len(x))
            occupied.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        x = x.flatten(1)
        if self.shuffled:
            x = x.clone().put_(torch.tensor([0]), torch.zeros(1))
        return self.norm(self.map(x))
"""


@pytest.fixture
def networks(tmp_path, monkeypatch):
    (tmp_path / "small_networks.py").write_text(NETWORKS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("room", "message"),
    [
        (20, "use trainer.batch_size=16"),
        (1, "use trainer.batch_size=1."),
        (0, "not even one image"),
        (40, "=32 fits: validation"),
    ],
)
def test_a_batch_size_that_fits_is_suggested(tmp_path, networks, room, message):
    with pytest.raises(InputError) as error:
        trained(tmp_path, "model._target_=small_networks.Net", f"+model.room={room}")
    assert "trainer.batch_size=32" in str(error.value) and message in str(error.value)


def test_a_batch_size_that_fits_but_is_too_small_for_a_normalization_is_not_suggested(tmp_path, networks):
    words = ("model._target_=small_networks.Net", "+model.room=1", "+model.normalized=true")
    with pytest.raises(InputError, match=r"trainer\.batch_size=32 does not fit into the memory .* smaller model"):
        trained(tmp_path, *words)


def test_a_batch_size_is_found_after_an_optimizer_step_that_failed():
    config, data, parts, *_ = fit("model=mlp", "model.hidden=[8]", "trainer.epochs=1")
    parts.scaler, failures = torch.amp.GradScaler("cpu", init_scale=1.0), [True, True]
    step = parts.optimizer.step

    def full(*arguments):
        if failures:
            failures.pop()
            raise torch.OutOfMemoryError
        return step(*arguments)

    parts.optimizer.step = full
    images = resident(data, CPU)
    message = "use trainer.batch_size=16"
    with pytest.raises(InputError, match=message), device_errors.explained(parts, images, config.trainer, 0):
        loop.train_epoch(parts, images, config.trainer, 1, 0, Console(quiet=True))


def test_a_nondeterministic_operation_is_named(tmp_path, networks):
    words = ["model._target_=small_networks.Net", "+model.shuffled=true", "trainer.device=cpu"]
    with pytest.raises(InputError, match=r"no deterministic implementation of put_ on this device"):
        trained(tmp_path, *words, "trainer.deterministic=true")
    trained(tmp_path, *words)


def test_a_process_that_cannot_become_deterministic_is_to_be_restarted(tmp_path, networks):
    with pytest.raises(InputError, match=r"Restart it, with .* CUBLAS_WORKSPACE_CONFIG=:4096:8"):
        trained(tmp_path, "model._target_=small_networks.Net", "+model.used=true")
