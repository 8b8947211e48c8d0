"""Time the start-up of the commands.

    python benchmarks/startup.py [--repeat 7]

Each command runs in a new process, and the commands alternate within each round. The start of Python and the import of
PyTorch are timed too, as lower bounds. Prints the median, lowest and highest time, and how often each met its target.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from ablate.backend.cores import cpu_cores

ABLATE = [sys.executable, "-m", "ablate.cli"]
# Runs `ablate train` and exits after the first step of the optimizer.
FIRST_STEP = """
import os, sys
from torch.optim.optimizer import register_optimizer_step_post_hook
register_optimizer_step_post_hook(lambda *_: os._exit(0))
sys.argv = ["ablate", "train", *sys.argv[1:]]
from ablate.cli import main
main()
"""
# Name -> command, and target in seconds.
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "ablate --help": ([*ABLATE, "--help"], 0.3),
    "ablate train --cfg job": ([*ABLATE, "train", "--cfg", "job"], 0.8),
    "python -c 'import torch'": ([sys.executable, "-c", "import torch"], None),
    "ablate train data=digits, first step": ([sys.executable, "-c", FIRST_STEP, "data=digits"], 3.0),
    "the same, experiment=full_marks": (
        [sys.executable, "-c", FIRST_STEP, "data=digits", "experiment=full_marks"],
        3.0,
    ),
}


def seconds(command: list[str]) -> float:
    """Run a command in a temporary folder; returns its wall time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args()
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command, _ in COMMANDS.values():
        seconds(command)  # warm-up: compiles the modules and fills the file cache
    for _ in range(args.repeat):
        for name, (command, _) in COMMANDS.items():
            measured[name].append(seconds(command))
    print(f"{cpu_cores()} processors, {args.repeat} rounds; seconds: median, lowest, highest, target")
    for name, (_, target) in COMMANDS.items():
        times = measured[name]
        met = f"{target:5.1f}, met {sum(time < target for time in times)} times" if target else ""
        print(f"{name:38}{statistics.median(times):6.2f}{min(times):6.2f}{max(times):6.2f} {met}")


if __name__ == "__main__":
    main()
