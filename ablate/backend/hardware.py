"""The device and number format of a run, and its memory."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import torch

from ablate.files.bounded import MIB
from ablate.terminal.errors import InputError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from malloc.h
# For trainer.deterministic. Set on import, because the first matrix product of a process on a GPU fixes it.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def pick_device(name: str) -> torch.device:
    """Return the device `name`; auto is the first available of cuda, mps and cpu.

    Raises:
        InputError: the device is not available.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, usable in available.items() if usable)
    if not available[name]:
        raise InputError(f"trainer.device={name} is not available on this machine; try trainer.device=auto.")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> str:
    """Return fp32, bf16 or fp16; auto is the one that the hardware multiplies natively, since others are slower."""
    if name != "auto":
        return name
    if device.type == "cuda":
        return native_precision(torch.cuda.get_device_capability(device))
    # Feature checks that not every release of torch has; a release without them gets fp32.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    native = device.type == "cpu" and any(getattr(torch.cpu, check, bool)() for check in checks)
    return "bf16" if native else "fp32"


def native_precision(capability: tuple[int, int]) -> str:
    """Return the precision of the tensor cores of a GPU with this compute capability; fp32 if it has none."""
    return "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "fp32"


def autocast(precision: str | None, device: str) -> Callable[[], AbstractContextManager]:
    """Return a context in which layers on a type of device compute in `precision`; it does nothing for fp32."""
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return partial(torch.autocast, device, dtype, enabled=precision in ("bf16", "fp16"))


def keep_memory() -> None:
    """Make glibc keep freed memory for the next step, which saves a tenth of a training step on a CPU.

    By default it returns large blocks to the system, which clears every page before it hands it out again (mallopt(3)).
    Other C libraries are left unchanged.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(M_MMAP_MAX, 0)  # no block directly from the system
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)  # no memory returned


@contextmanager
def threads_restored() -> Iterator[None]:
    """Restore PyTorch's number of threads after the block, so that a run's setting does not affect the next run."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def set_deterministic(enabled: bool) -> None:
    """Make PyTorch refuse operations without a deterministic implementation, or allow them again.

    Source: https://docs.pytorch.org/docs/stable/notes/randomness.html
    """
    if enabled:
        # No uninitialized value is ever read here. Type checkers do not see that the module has this attribute.
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010
    if enabled != torch.are_deterministic_algorithms_enabled():  # the call below imports PyTorch's compiler
        torch.use_deterministic_algorithms(enabled)


def reset_peak_memory(device: torch.device) -> None:
    """Start the peak memory of a GPU anew, for the next run in this process; that of the process has no reset."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> dict[str, float | None]:
    """Return the peak memory in MiB: of this `process`, including earlier runs in it, and of this run on the GPU."""
    process = next((peak for peak in (_peak_linux(), _peak_unix()) if peak), None)
    cuda = device.type == "cuda"
    return {"process": process, "device": torch.cuda.max_memory_allocated(device) / MIB if cuda else None}


def _peak_linux() -> float | None:
    """Read the peak from /proc: `getrusage` would include the process that started this one."""
    try:
        with open(
            "/proc/self/status", encoding="utf-8", errors="replace"
        ) as status:  # its first line is the program's name, any bytes
            peak = next((line.split() for line in status if line.startswith("VmHWM:")), None)
    except OSError:
        return None
    return int(peak[1]) / 1024 if peak else None


def _peak_unix() -> float | None:
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB
