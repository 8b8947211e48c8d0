"""A batch that is too large, and an operation that gives other bits each time, are said with what to do."""

import pytest

from ablate.terminal.errors import InputError
from tests.training.test_run import trained

NETWORKS = """
import torch
from torch import nn


class Net(nn.Module):
    '''A linear map with room for `room` images.'''

    def __init__(self, classes, channels, image_size, normalization, activation, room=9999, shuffled=False):
        super().__init__()
        self.map, self.room, self.shuffled = nn.Linear(channels * image_size**2, classes), room, shuffled

    def forward(self, x):
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        x = x.flatten(1)
        if self.shuffled:
            x = x.clone().put_(torch.tensor([0]), torch.zeros(1))
        return self.map(x)
"""


@pytest.fixture
def networks(tmp_path, monkeypatch):
    (tmp_path / "small_networks.py").write_text(NETWORKS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (20, "16 did fit: use trainer.batch_size=16"),
        (1, "=1."),
        (0, "not even one image"),
        (40, "=32 does fit: in val"),
    ],
)
def test_the_batch_that_did_fit_is_named(tmp_path, networks, room, said):
    with pytest.raises(InputError) as error:
        trained(tmp_path, "model._target_=small_networks.Net", f"+model.room={room}")
    assert "trainer.batch_size=32 does" in str(error.value) and said in str(error.value)


def test_an_operation_without_a_deterministic_form_is_named(tmp_path, networks):
    words = ["model._target_=small_networks.Net", "+model.shuffled=true"]
    with pytest.raises(InputError, match=r"no deterministic put_ on this device"):
        trained(tmp_path, *words, "trainer.deterministic=true")
    trained(tmp_path, *words)
