"""The processes of a run on several devices: the first one, which starts the others or was started with them.

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

from ablate.runs import run_record
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError, UserError
from ablate.training.devices import ONE_DEVICE, Devices
from ablate.training.torchrun import Outer, outer

if TYPE_CHECKING:
    from ablate.training.devices.others import Others
    from ablate.training.devices.several import Several

REASON_SECONDS = 5.0  # for a process to end after its connection has broken
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")  # in messages of gloo


def devices_of(config: DictConfig, folder: Path, record: RunRecord) -> AbstractContextManager[Devices]:
    """The devices of a run, as a context in which it trains. With several, other processes train with this one.

    Args:
        config: of the run; `trainer.devices` is their number.
        folder: of the run.
        record: of the run.

    Raises:
        InputError: another number of processes was started from outside.
        UserError: in the context: another process has ended.
    """
    size, started = config.trainer.devices, outer()
    if started and started.size != size:
        raise InputError(f"trainer.devices={size}, but {started.size} processes were started.")
    if size == 1:
        return nullcontext(ONE_DEVICE)
    hashes = {"config_sha256": record.config_sha256, "code_sha256": record.code_sha256}
    settings = OmegaConf.to_container(config, resolve=True)
    run = json.dumps({"config": settings, "folder": str(folder.absolute()), "hashes": hashes})
    return _started_outside(started, run) if started else _started_here(size, run, folder, record)


@contextmanager
def _started_outside(started: Outer, run: str) -> Iterator[Devices]:
    devices = joined(started, run)
    try:
        yield devices
    except RuntimeError as error:
        if any(text in str(error) for text in LOST):
            raise UserError("Another process of this run has ended. Its own message states the reason.") from error
        raise
    finally:
        devices.stop()


def joined(started: Outer, run: str = "") -> "Several":
    """A process that was started with the others from outside; `run` is what they train, from the first one."""
    import torch.distributed as dist

    from ablate.training.devices.several import PATIENCE, Several

    store, *_ = next(iter(dist.rendezvous("env://", started.rank, started.size, timeout=PATIENCE)))
    store.set_timeout(PATIENCE)
    return Several(*started, store, run)


@contextmanager
def _started_here(size: int, run: str, folder: Path, record: RunRecord) -> Iterator[Devices]:
    from ablate.training.devices.others import Others
    from ablate.training.devices.several import Several, store_in

    def stuck(message: str) -> None:
        run_record.write(folder, replace(record, status="failed", error=message))

    with TemporaryDirectory(prefix="ablate-") as private:
        others = Others(size, Path(private), stuck)
        devices = Several(0, size, 0, size, store_in(Path(private), size), run, others.check)
        try:
            with others:
                yield from _noticing(devices, others)
        finally:
            devices.stop()  # after the others have ended, for which it would wait


def _noticing(devices: Devices, others: "Others") -> Iterator[Devices]:
    """Yield the devices, and wait for the others; an error that follows from theirs is replaced by it."""
    try:
        yield devices
        others.wait()
    except InputError:
        raise
    except (RuntimeError, KeyboardInterrupt) as error:
        others.check(0.0 if isinstance(error, KeyboardInterrupt) else REASON_SECONDS, error)
        raise
