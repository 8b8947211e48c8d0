"""The first process of a run on several devices: it starts the others, or torchrun has started all of them.

It alone writes into the run's folder. It ends with the message of another process that fails, and ends the others when
it ends itself.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec.structs import replace
from omegaconf import DictConfig, OmegaConf

from ablate.backend.cpu_count import cpu_cores
from ablate.runs import run_record
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError, UserError
from ablate.terminal.text import plural
from ablate.training.devices.interface import ONE_DEVICE, Devices
from ablate.training.devices.torchrun import Ranks, ranks_of_environment

if TYPE_CHECKING:
    from ablate.training.devices.distributed import Distributed
    from ablate.training.devices.worker_group import WorkerGroup

SEVERAL = 8  # processes on the CPU, with which a setting for GPUs can be tried on any machine
REASON_SECONDS = 5.0  # for a process to end after its connection has broken
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")  # in messages of gloo


def devices_of(config: DictConfig, folder: Path, record: RunRecord) -> AbstractContextManager[Devices]:
    """The devices of a run, as a context in which it trains. With several, other processes train with this one.

    Args:
        config: of the run; `trainer.devices` is their number.
        folder: of the run.
        record: of the run.

    Raises:
        InputError: torchrun has started another number of processes.
        UserError: in the context: another process has ended.
    """
    size, ranks = config.trainer.devices, ranks_of_environment()
    if ranks and ranks.size != size:
        raise InputError(f"trainer.devices={size}, but {ranks.size} processes were started.")
    if size == 1:
        return nullcontext(ONE_DEVICE)
    hashes = {"config_sha256": record.config_sha256, "code_sha256": record.code_sha256}
    settings = OmegaConf.to_container(config, resolve=True)
    run = json.dumps({"config": settings, "folder": str(folder.absolute()), "hashes": hashes})
    if ranks:
        return _started_by_torchrun(ranks, run)
    check_number(size, config.trainer.device)
    return _started_here(size, run, folder, record)


def check_number(size: int, device: str) -> None:
    """Raise InputError for more processes than this machine can train with, before any of them is started.

    Args:
        size: number of devices.
        device: `trainer.device`.
    """
    from ablate.backend.hardware import pick_device  # imports PyTorch

    most = max(SEVERAL, cpu_cores())
    if size > most and pick_device(device).type == "cpu":
        raise InputError(
            f"trainer.devices={size} would start {size} processes on {plural(cpu_cores(), 'CPU core')}. Use at most"
            f" {most}."
        )


@contextmanager
def _started_by_torchrun(ranks: Ranks, run: str) -> Iterator[Devices]:
    devices = connected(ranks, run)
    try:
        yield devices
    except RuntimeError as error:
        if any(text in str(error) for text in LOST):
            raise UserError("Another process of this run has ended. Its own message states the reason.") from error
        raise
    finally:
        devices.stop()


def connected(ranks: Ranks, run: str = "") -> "Distributed":
    """The devices of a process that torchrun has started; the first process passes `run`, what all of them train."""
    import torch.distributed as dist

    from ablate.training.devices.distributed import PATIENCE, Distributed

    store, *_ = next(iter(dist.rendezvous("env://", ranks.rank, ranks.size, timeout=PATIENCE)))
    store.set_timeout(PATIENCE)
    return Distributed(*ranks, store, run)


@contextmanager
def _started_here(size: int, run: str, folder: Path, record: RunRecord) -> Iterator[Devices]:
    from ablate.training.devices.distributed import Distributed, store_in
    from ablate.training.devices.worker_group import WorkerGroup

    def stuck(message: str) -> None:
        run_record.write(folder, replace(record, status="failed", error=message))

    with TemporaryDirectory(prefix="ablate-") as private:
        workers = WorkerGroup(size, Path(private), stuck)
        devices = Distributed(0, size, 0, size, store_in(Path(private), size), run, workers.check)
        try:
            with workers:
                yield from _with_their_errors(devices, workers)
        finally:
            devices.stop()  # waits for the others, which have ended here


def _with_their_errors(devices: Devices, workers: "WorkerGroup") -> Iterator[Devices]:
    """Yield the devices, then wait for the workers. Raises the error of a failed worker, not the one it causes here."""
    try:
        yield devices
        workers.wait()
    except InputError:
        raise
    except (RuntimeError, KeyboardInterrupt) as error:
        workers.check(0.0 if isinstance(error, KeyboardInterrupt) else REASON_SECONDS, error)
        raise
