"""A process that `torchrun` has started, or another launcher that sets the same environment variables."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from ablate.terminal.errors import InputError

NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # LOCAL_RANK and LOCAL_WORLD_SIZE: by default the same
KEY = "trainer.devices"


class Ranks(NamedTuple):
    """The number of this process and the number of processes, in the run and on this machine."""

    rank: int
    size: int
    local_rank: int
    local_size: int


def ranks_of_environment() -> Ranks | None:
    """The ranks of this process, from the environment; None if this process was started alone.

    Raises:
        InputError: a variable is missing or not a number.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return None
    if missing := [name for name in NAMES if name not in os.environ]:
        raise InputError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']} is for one of several processes, but {missing[0]} is not set. Start"
            " them with torchrun, or unset WORLD_SIZE."
        )
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        return Ranks(rank, size, int(os.environ.get("LOCAL_RANK", rank)), int(os.environ.get("LOCAL_WORLD_SIZE", size)))
    except ValueError as error:
        raise InputError(f"RANK, WORLD_SIZE, LOCAL_RANK or LOCAL_WORLD_SIZE is not an integer ({error}).") from None


def with_devices(words: Sequence[str], size: int) -> list[str]:
    """The command line of a run, with `trainer.devices` set to the number of processes, `size`.

    Raises:
        InputError: it is of a study, prints a configuration, or names another number of devices.
    """
    if flags := [word for word in words if word.startswith("-")]:
        raise InputError(f"torchrun starts the processes of one run: remove {flags[0]}, or start without torchrun.")
    devices = [word.partition("=")[2] for word in words if word.lstrip("+").startswith(f"{KEY}=")]
    if devices and devices[-1] != str(size):
        raise InputError(f"{KEY}={devices[-1]}, but {size} processes were started. Use {KEY}={size}.")
    return list(words) if devices else [*words, f"{KEY}={size}"]
