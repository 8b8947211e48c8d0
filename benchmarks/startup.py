"""Time the start-up of the commands.

    python benchmarks/startup.py [--repeat 7]

Each command runs in a new process, and the commands alternate within each round. The start of Python and the import of
PyTorch are timed too, as lower bounds. Prints the median, lowest and highest time, and whether the median is below its
goal.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from ablate.backend.cpu_count import cpu_cores

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
# Name -> command, and goal in seconds.
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "ablate --help": ([*ABLATE, "--help"], 0.3),
    "ablate train --cfg job": ([*ABLATE, "train", "--cfg", "job"], 0.45),
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
    print(f"{cpu_cores()} processors, {args.repeat} rounds; seconds: median, lowest, highest, goal")
    for name, (_, goal) in COMMANDS.items():
        times = measured[name]
        median = statistics.median(times)
        answer = f"below {goal:4.2f}: {'reached' if median < goal else 'not reached'}" if goal else ""
        print(f"{name:38}{median:6.2f}{min(times):6.2f}{max(times):6.2f} {answer}")


if __name__ == "__main__":
    main()
