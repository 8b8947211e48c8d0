"""Where a run computes, in which number format, and the memory it took."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ablate.files.bounded import MIB
from ablate.terminal.errors import InputError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


def pick_device(name: str) -> torch.device:
    """The device called `name`; auto is the first there is of cuda, mps, cpu."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        raise InputError(f"trainer.device={name}: this machine has none that PyTorch can use; try trainer.device=auto.")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> str:
    """fp32 or bf16; auto is bf16 where the hardware multiplies it natively, for elsewhere it is slower than fp32."""
    if name != "auto":
        return name
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        # Feature checks that not every release of torch has; a release without them gets fp32.
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        native = device.type == "cpu" and any(getattr(torch.cpu, check, bool)() for check in checks)
    return "bf16" if native else "fp32"


def keep_memory() -> None:
    """Have the C library keep what a step has freed for the next one, where it is glibc; a tenth of a step on a CPU.

    It would give large blocks back to the system, which clears each page again before it hands it out (mallopt(3)).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(M_MMAP_MAX, 0)  # no block from the system alone
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)  # none given back


@contextmanager
def threads_restored() -> Iterator[None]:
    """After the block PyTorch has the threads it had before: a run's own number is not for the next in the process."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def repeatable(wanted: bool) -> None:
    """Have PyTorch refuse, or use again, operations that give other bits each time; on CUDA some do.

    https://docs.pytorch.org/docs/stable/notes/randomness.html
    """
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA multiplies for the first time
        # Every value is written before it is read here. The module makes this one in a way that type checkers miss.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010
    if wanted != torch.are_deterministic_algorithms_enabled():  # the call imports PyTorch's compiler
        torch.use_deterministic_algorithms(wanted)


def peak_memory(device: torch.device) -> dict[str, float | None]:
    """The most memory in use at a time so far, MiB: of this `process`, earlier runs in it included, and on the GPU."""
    process = next((peak for peak in (_peak_of_linux(), _peak_of_unix()) if peak), None)
    cuda = device.type == "cuda"
    return {"process": process, "device": torch.cuda.max_memory_allocated(device) / MIB if cuda else None}


def _peak_of_linux() -> float | None:
    """From /proc; what `getrusage` says counts the memory of the process by which this one was started, too."""
    try:
        with open("/proc/self/status", errors="replace") as status:  # it begins with a name
            peak = next((line.split() for line in status if line.startswith("VmHWM:")), None)
    except OSError:
        return None
    return int(peak[1]) / 1024 if peak else None


def _peak_of_unix() -> float | None:
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB
