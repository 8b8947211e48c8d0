"""How long a command takes until it does something.

    python benchmarks/startup.py [--repeat 7]

Each is a process of its own, in turn in every round, beside what it cannot do without: the interpreter, PyTorch, and
its optimisers. Prints medians, and how often each was measured under its aim.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from ablate.backend.cores import cpu_cores

ABLATE = [sys.executable, "-m", "ablate.cli"]
# The end of the first training step is that of the optimiser's step: from there nothing is waited for.
FIRST_STEP = """
import os, sys
from torch.optim.optimizer import register_optimizer_step_post_hook
register_optimizer_step_post_hook(lambda *_: os._exit(0))
sys.argv = ["ablate", "train", *sys.argv[1:]]
from ablate.cli import main
main()
"""
# What is timed -> its command, and its aim in seconds.
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "ablate --help": ([*ABLATE, "--help"], 0.3),
    "ablate train --cfg job": ([*ABLATE, "train", "--cfg", "job"], 0.8),
    "python -c 'import torch'": ([sys.executable, "-c", "import torch"], None),
    "ablate train data=digits, first step": ([sys.executable, "-c", FIRST_STEP, "data=digits"], 3.0),
    "the same of experiment=full_marks": (
        [sys.executable, "-c", FIRST_STEP, "data=digits", "experiment=full_marks"],
        3.0,
    ),
}


def seconds(command: list[str]) -> float:
    """From the start of the process to its end, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    given = parser.parse_args()
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command, _ in COMMANDS.values():
        seconds(command)  # compiles the modules and fills the file cache
    for _ in range(given.repeat):
        for name, (command, _) in COMMANDS.items():
            took[name].append(seconds(command))
    print(f"{cpu_cores()} processors, {given.repeat} rounds; seconds: median, lowest, highest, aim")
    for name, (_, aim) in COMMANDS.items():
        times = took[name]
        met = f"{aim:5.1f}, met {sum(time < aim for time in times)} times" if aim else ""
        print(f"{name:38}{statistics.median(times):6.2f}{min(times):6.2f}{max(times):6.2f} {met}")


if __name__ == "__main__":
    main()
