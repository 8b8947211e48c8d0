"""The memory that reading a file takes: the peak of a process that does nothing else."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable

import torch

from ablate.terminal.errors import InputError

SECONDS = 300  # after which a reader is killed


def peak(read: Callable[[], object]) -> float:
    """Peak resident memory of a fork of this process that calls `read`, in MiB; it may be refused in a sentence."""
    gc.collect()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        torch.set_num_threads(1)
        status = 0
        try:
            read()
        except InputError:
            pass
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stderr.flush()
        os._exit(status)
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss / 1024
