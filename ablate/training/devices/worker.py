"""`python -m ablate.training.devices.worker FOLDER RANK SIZE PARENT`: a process of a run other than the first.

It trains what the first one sends, and writes nothing but its error message.
"""

import json
import logging
import signal
import sys
import traceback
from pathlib import Path

import msgspec
from omegaconf import OmegaConf

from ablate.backend import parent_death, processes, signals
from ablate.config import register, user_code
from ablate.config.messages import sentence, unwrapped
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError
from ablate.training import device_errors, loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.devices.distributed import RUN, Distributed, store_in
from ablate.training.devices.processes import connected
from ablate.training.devices.torchrun import Ranks
from ablate.training.devices.worker_group import Failure
from ablate.training.parts import Parts
from ablate.training.reporter import Reporter
from ablate.training.set_up import set_up_process

IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")  # the first process gets them too, and ends this one


class NotSaved(Checkpoint):
    """The checkpoint of the run, which only the first process writes."""

    def save(self, parts: Parts, results: dict) -> None:
        """Do nothing."""


def train(devices: Distributed) -> None:
    """Train with the first process until it ends."""
    logging.disable()
    run = json.loads(devices.store.get(RUN))
    user_code.make_importable(run["config"])
    config = OmegaConf.create(run["config"])
    parts, data, images, *_ = set_up_process(config, devices)
    checkpoint = NotSaved(Path(run["folder"]), {**run["hashes"], "data_sha256": data.sha256})
    reporter = Reporter([], Console(quiet=True), config.trainer.epochs)
    with device_errors.explained(parts, images, config.trainer, config.seed):
        loop.fit(parts, images, config, reporter, checkpoint)
    devices.stop()


def train_with_torchrun(ranks: Ranks) -> int:
    """Train as a process that torchrun has started; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):  # ends at once: it writes nothing, and may wait in a library
        signal.signal(number, signal.SIG_DFL)
    train(connected(ranks))
    return 0


def main() -> int:
    """Train as a process that the first one started; return the exit status."""
    folder, rank, size, parent = Path(sys.argv[1]), *map(int, sys.argv[2:])
    signals.ignore(*IGNORED)
    parent_death.signaled(processes.KILL, parent)
    try:
        register()
        train(Distributed(rank, size, rank, size, store_in(folder, size)))
    except Exception as error:
        traceback.print_exc()
        failure = Failure(message=sentence(error), refused=isinstance(unwrapped(error), (InputError, OSError)))
        (folder / f"{rank}.json").write_bytes(msgspec.json.encode(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
