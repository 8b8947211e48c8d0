"""The number of CPU cores. Apart from `hardware`, which imports PyTorch."""

import os


def cpu_cores() -> int:
    """Return the number of CPU cores that this process may use (its affinity, where the system has one)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
