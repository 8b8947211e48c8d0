"""Synchronized batch normalization against PyTorch's own over the whole batch."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing import spawn

from ablate.terminal.errors import InputError
from ablate.training.devices.distributed import store_in
from ablate.training.devices.sync_batchnorm import SyncBatchNorm, synchronize

CPU = torch.device("cpu")
KINDS = {
    "vectors": lambda: (nn.BatchNorm1d(3), torch.randn(7, 3)),
    "maps": lambda: (nn.BatchNorm2d(3, momentum=0.3), 5 + torch.randn(7, 3, 4, 4)),
    "cumulative": lambda: (nn.BatchNorm2d(3, momentum=None), torch.randn(7, 3, 2, 2)),
    "without weights": lambda: (nn.BatchNorm3d(3, affine=False), torch.randn(7, 3, 2, 2, 2)),
    "half precision": lambda: (nn.BatchNorm2d(3), torch.randn(7, 3, 4, 4).bfloat16()),
    "without statistics": lambda: (nn.BatchNorm1d(3, track_running_stats=False), torch.randn(7, 3)),
}


def example(kind: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A layer with weights that are not 1 and 0, a batch, and the gradient of its output."""
    torch.manual_seed(0)
    layer, batch = KINDS[kind]()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer, batch, torch.randn_like(batch)


def twice(layer: nn.Module, batch: torch.Tensor, gradient: torch.Tensor) -> list[torch.Tensor]:
    """Output, gradients and statistics after two training steps, then the output in evaluation mode."""
    batch = batch.requires_grad_()
    for _ in range(2):
        output = layer(batch)
        output.backward(gradient)
    assert batch.grad is not None
    gradients = [parameter.grad for parameter in layer.parameters()]
    outputs = [output.detach(), batch.grad, layer.eval()(batch).detach()]
    return [*outputs, *gradients, *(value.double() for value in layer.buffers())]


def check_all(rank: int, size: int, folder: Path) -> None:
    """One of the processes."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=store_in(folder, size), rank=rank, world_size=size)
    for kind in KINDS:
        check(rank, size, kind)
    dist.destroy_process_group()


def check(rank: int, size: int, kind: str) -> None:
    """The part of the outputs of a process, and the sums of the gradients of parameters."""
    layer, batch, gradient = example(kind)
    expected = twice(deepcopy(layer), batch.clone(), gradient)
    part = slice(7 * rank // size, 7 * (rank + 1) // size)
    synchronized = synchronize(nn.Sequential(layer), CPU)
    assert isinstance(synchronized[0], SyncBatchNorm)
    found = twice(synchronized[0], batch[part].clone(), gradient[part])
    outputs, sums = 3 if layer.track_running_stats else 2, len(list(layer.parameters()))
    for index, (one, other) in enumerate(zip(expected, found, strict=True)):
        if index < 3:
            if index >= outputs:
                continue  # evaluation without statistics uses those of each part
            one = one[part]
        elif index < 3 + sums:
            dist.all_reduce(other)
        tolerance = 0.05 if one.dtype == torch.bfloat16 else 1e-5
        torch.testing.assert_close(other, one, rtol=tolerance, atol=tolerance)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """This process as the only one of a group."""
    dist.init_process_group("gloo", store=store_in(tmp_path, 1), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("kind", KINDS)
def test_one_process_normalizes_as_pytorch_does(kind, alone):
    layer, batch, gradient = example(kind)
    expected = twice(deepcopy(layer), batch.clone(), gradient)
    found = twice(synchronize(nn.Sequential(layer), CPU)[0], batch.clone(), gradient)
    tolerance = 0.05 if kind == "half precision" else 1e-5
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one, rtol=tolerance, atol=tolerance)


@pytest.mark.integration
@pytest.mark.parametrize("size", [2, 3])
def test_processes_normalize_by_the_whole_batch(size, tmp_path):
    spawn(check_all, (size, tmp_path), nprocs=size)


def test_a_replaced_layer_keeps_names_weights_and_mode():
    shared = nn.BatchNorm1d(2)
    model = nn.Sequential(shared, nn.Sequential(nn.Linear(2, 2), shared), nn.BatchNorm1d(2).eval())
    names, weights = list(model.state_dict()), list(model.parameters())
    synchronize(model, CPU)
    assert list(model.state_dict()) == names and all(
        one is other for one, other in zip(model.parameters(), weights, strict=True)
    )
    assert model[0] is model[1][1] and not model[2].training and model[0].training


def test_a_layer_with_code_of_its_own_is_refused():
    class Activated(nn.BatchNorm2d):
        pass

    with pytest.raises(InputError, match="the layer 0.1 is a Activated, not a layer of PyTorch"):
        synchronize(nn.Sequential(nn.Sequential(nn.Identity(), Activated(2))), CPU)
