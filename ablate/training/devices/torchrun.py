"""A process that `torchrun` has started, or another launcher that sets the same environment variables."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from ablate.terminal.errors import InputError

NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # LOCAL_RANK and LOCAL_WORLD_SIZE: by default the same
NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT")
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
        InputError: a variable is missing or not a number, or the numbers contradict each other.
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
        local_rank, local_size = os.environ.get("LOCAL_RANK", rank), os.environ.get("LOCAL_WORLD_SIZE", size)
        ranks = Ranks(rank, size, int(local_rank), int(local_size))
        port = int(os.environ["MASTER_PORT"])
    except ValueError as error:
        raise InputError(f"One of {', '.join(NUMBERS)} is not an integer ({error}).") from None
    if not (0 <= rank < size and 0 <= ranks.local_rank < ranks.local_size <= size and 0 < port < 2**16):
        values = ", ".join(f"{name}={os.environ[name]}" for name in NUMBERS if name in os.environ)
        raise InputError(
            f"{values}: these do not fit together. Start the processes with torchrun, or unset WORLD_SIZE."
        )
    return ranks


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
