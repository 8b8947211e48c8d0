"""Several devices: PyTorch's DistributedDataParallel, one process per device, with one order and one set of draws."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from ablate.data.streamed import Pixels, select
from ablate.evaluation import metrics, tta
from ablate.terminal.errors import InputError, UserError
from ablate.terminal.text import plural
from ablate.training.devices.interface import Share
from ablate.training.devices.sync_batchnorm import synchronize

RUN = "run"  # key of the store with what the processes train
POLL_SECONDS = 0.02
PATIENCE = timedelta(days=7)  # for each other: a process that has ended is noticed at once, a slow one is waited for
LEAST_IMAGES = 2  # per process in a batch, for the statistics of batch normalization


@dataclass
class Distributed:
    """One of the processes of a run on several devices; see `Devices` for the methods.

    A process augments and trains on its part of each batch, and predicts its part of the validation images. Parameters
    are the same in all processes; running statistics are those of the first process, as in DistributedDataParallel.

    Attributes:
        rank: number of the process.
        size: number of processes.
        local_rank: number of the process on its machine, which is the number of its GPU.
        local_size: number of processes on its machine.
        store: of PyTorch, through which they find each other.
        run: what they train, JSON, which the first process sends to the others.
        check_workers: called while the first process waits for the others; raises an error if one has failed.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    store: dist.Store
    run: str = ""
    check_workers: Callable[[], None] = lambda: None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def stream(self) -> tuple[int, ...]:
        """The first process has the streams of a run on one device."""
        return (self.rank,) if self.rank else ()

    def set_threads(self, threads: int | None) -> None:
        """Divide the threads among the processes of this machine."""
        torch.set_num_threads(max(1, (threads or torch.get_num_threads()) // self.local_size))

    def place(self, device: torch.device) -> torch.device:
        """Select the GPU of this process."""
        if device.type == "cuda":
            if (count := torch.cuda.device_count()) < self.local_size:
                raise InputError(
                    f"trainer.devices={self.size} needs {self.local_size} GPUs on this machine, which has {count}."
                    f" Use trainer.devices={count}."
                )
            torch.cuda.set_device(self.local_rank)
        elif device.type != "cpu":
            raise InputError(f"trainer.devices={self.size} needs GPUs with CUDA, or trainer.device=cpu.")
        self.device = device
        return device

    def start(self) -> None:
        """Send the run to the others, and create the process group: gloo for the CPU, NCCL for GPUs."""
        if self.rank == 0:
            self.store.set(RUN, self.run)
            while not self.store.check([f"ready {rank}" for rank in range(1, self.size)]):
                self.check_workers()
                time.sleep(POLL_SECONDS)
        else:
            self.store.set(f"ready {self.rank}", "")
        nccl = self.device.type == "cuda" and dist.is_nccl_available()
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if nccl else "gloo",
            store=self.store,
            rank=self.rank,
            world_size=self.size,
            timeout=PATIENCE,
        )

    def stop(self) -> None:
        """Leave the process group."""
        if dist.is_initialized():
            dist.destroy_process_group()

    def synchronized(self, model: nn.Module, batch_norm: bool) -> nn.Module:
        """Replace the layers of batch normalization, if `batch_norm`."""
        return synchronize(model, self.device) if batch_norm else model

    def check(self, model: nn.Module, batch_size: int, batch_norm: bool) -> None:
        """Refuse a batch that leaves a process without images, or with too few for batch normalization."""
        per_process = batch_size // self.size
        batch = f"trainer.devices={self.size}: a batch of an epoch has {plural(batch_size, 'image')}"
        if per_process < 1:
            raise InputError(f"{batch}, fewer than devices. Use another trainer.batch_size, or fewer devices.")
        if per_process < LEAST_IMAGES and not batch_norm and any(isinstance(m, _BatchNorm) for m in model.modules()):
            raise InputError(
                f"{batch}, too few for batch normalization on each device. Use trainer.sync_batchnorm=true, or another"
                " trainer.batch_size."
            )

    def forward(self, model: Any) -> Callable[[Tensor], Tensor]:
        """Wrap the model in DistributedDataParallel.

        `find_unused_parameters` allows parameters without a gradient. It also keeps the division of gradients into
        buckets, and so the order in which they are added: a resumed run has the same bits.
        """
        return DistributedDataParallel(WithUnused(model), find_unused_parameters=True)

    def share(self, batch: Tensor, reach: int | None) -> Share:
        """A part of the batch, after the images before it that its augmentation depends on."""
        start, stop = self._bounds(len(batch))
        if reach is None:
            return Share(batch, lambda images, targets: (images[start:stop], targets[start:stop]))
        if reach == 0:
            return Share(batch[start:stop], lambda images, targets: (images, targets))
        positions = torch.arange(start - reach, stop, device=batch.device) % len(batch)
        return Share(batch[positions], lambda images, targets: (images[reach:], targets[reach:]))

    def sum(self, values: Tensor) -> Tensor:
        """Add the values of all processes, in place."""
        dist.all_reduce(values)
        return values

    def predict(
        self, model: nn.Module, images: Pixels, prepare: Callable[[Tensor], Tensor], views: tta.Views
    ) -> Tensor:
        """Predict a part of the images in each process, with the weights and statistics of the first one."""
        self._share_weights(model)
        start, stop = self._bounds(len(images))
        # Each process predicts at least one image, so that the number of classes is known.
        part = metrics.predict(model, select(images, slice(start, max(stop, start + 1))), prepare, views)
        logits = torch.zeros(len(images), part.shape[1])
        logits[start:stop] = part[: stop - start]
        return self.sum(logits)

    def _bounds(self, images: int) -> tuple[int, int]:
        return images * self.rank // self.size, images * (self.rank + 1) // self.size

    def _share_weights(self, model: nn.Module) -> None:
        """Copy the buffers of the first process. Raises UserError if the weights differ."""
        checksums = torch.stack([value.detach().double().sum() for value in model.parameters()]).cpu()
        gathered = [torch.empty_like(checksums) for _ in range(self.size)]
        dist.all_gather(gathered, checksums)
        if not all(torch.equal(gathered[0].nan_to_num(), one.nan_to_num()) for one in gathered):
            raise UserError(
                f"trainer.devices={self.size}: the weights of the devices differ after an epoch. The optimizer or the"
                " network draws random numbers, or the devices are of different kinds."
            )
        for value in model.buffers():
            dist.broadcast(value, 0)


class WithUnused(nn.Module):
    """A model with a parameter that it does not use: DistributedDataParallel warns if it finds none."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.unused = model, nn.Parameter(torch.zeros(1, device=next(model.parameters()).device))

    def forward(self, images: Tensor) -> Tensor:
        """The model's forward pass."""
        return self.model(images)


def store_in(folder: Path, size: int) -> dist.Store:
    """The store of processes on this machine, in a private folder."""
    store = dist.FileStore(str(folder / "store"), size)
    store.set_timeout(PATIENCE)
    return store
