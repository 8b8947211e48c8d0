"""Facts about the machine: GPU, versions, processor."""

import json
import platform
import subprocess

import torch

from benchmarks.gpu_parts.part import CORES, CUDA, Settings, start


def measure(settings: Settings) -> None:
    """Print the facts as one JSON object."""
    card, capability = "none", "none"
    if CUDA:
        torch.zeros(1, device="cuda")
        card = f"{torch.cuda.get_device_name()}, {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB"
        capability = ".".join(map(str, torch.cuda.get_device_capability()))
    facts = {
        "GPU": card,
        "compute capability": capability,
        "driver": driver() if CUDA else "none",
        "PyTorch": torch.__version__,
        "CUDA": torch.version.cuda or "none",
        "cuDNN": torch.backends.cudnn.version() or "none" if CUDA else "none",
        "Python": platform.python_version(),
        "CPU cores": CORES,
    }
    print(json.dumps(facts), flush=True)


def driver() -> str:
    """Return the version of the driver."""
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, timeout=10).stdout.split()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "unknown"


if __name__ == "__main__":
    start(measure)
