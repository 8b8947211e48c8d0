"""Processes that were started from outside, by `torchrun` or another launcher that sets the same variables."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from ablate.terminal.errors import InputError

NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # LOCAL_RANK and LOCAL_WORLD_SIZE: by default the same
KEY = "trainer.devices"


class Outer(NamedTuple):
    """Number of this process and number of all, in the run and on this machine."""

    rank: int
    size: int
    local_rank: int
    local_size: int


def outer() -> Outer | None:
    """The processes of this run, from the environment; None if this process was started alone.

    Raises:
        InputError: a variable is missing or not a number.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return None
    if missing := [name for name in NAMES if name not in os.environ]:
        raise InputError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']} says that this process is one of several, but {missing[0]} is not"
            " set. Start them with torchrun, or unset WORLD_SIZE."
        )
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        return Outer(rank, size, int(os.environ.get("LOCAL_RANK", rank)), int(os.environ.get("LOCAL_WORLD_SIZE", size)))
    except ValueError as error:
        raise InputError(f"RANK, WORLD_SIZE, LOCAL_RANK or LOCAL_WORLD_SIZE is not an integer ({error}).") from None


def with_devices(words: Sequence[str], size: int) -> list[str]:
    """The command line of a run on `size` devices, which it may leave out.

    Raises:
        InputError: it is of a study, prints a configuration, or names another number of devices.
    """
    if flags := [word for word in words if word.startswith("-")]:
        raise InputError(f"torchrun starts the processes of one run: remove {flags[0]}, or start without torchrun.")
    given = [word.partition("=")[2] for word in words if word.lstrip("+").startswith(f"{KEY}=")]
    if given and given[-1] != str(size):
        raise InputError(f"{KEY}={given[-1]}, but {size} processes were started. Use {KEY}={size}.")
    return list(words) if given else [*words, f"{KEY}={size}"]
