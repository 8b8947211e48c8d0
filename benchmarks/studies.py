"""Measure what large studies cost besides training: plans, `ablate status`, `collect` and reports, each with its goal.

    python benchmarks/studies.py [--repeat 1] [--only plan status ...]

The study folders have the files that `ablate train` writes, with random numbers in place of results; they are made in a
temporary folder. Prints the median wall time of each command, its CPU time (with that of its child processes), and the
peak memory of its largest process. On a busy machine, only CPU time and memory can be compared.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from made_studies import random_results, write_study

ABLATE = [sys.executable, "-m", "ablate.cli"]
COLLECT = (
    "import sys; from pathlib import Path; from ablate.analysis.collect import collect; collect(Path(sys.argv[1]))"
)


class Measured(NamedTuple):
    """A command, and the largest wall time and memory that are its goal.

    Attributes:
        study: runs, whether they have curves and predictions, and seeds of the study that is written for it, if any.
        words: the command; a study is its last word.
        seconds: goal.
        megabytes: goal; None: none.
    """

    study: tuple[int, bool, int] | None
    words: list[str]
    seconds: float
    megabytes: float | None = None


def plan_words(variants: int, seeds: int) -> list[str]:
    """Plan so many variants with so many seeds."""
    rates = ",".join(f"{0.001 * (i + 1):.3f}" for i in range(variants))
    return [
        *ABLATE,
        "plan",
        "study.name=s",
        "data=digits",
        "model=mlp",
        f"optimizer.lr={rates}",
        f"seed=range({seeds})",
    ]


MEASURED = {
    "plan, 2,000 variants, 1 seed": Measured(None, plan_words(2000, 1), 8),
    "plan, 200 variants, 10 seeds": Measured(None, plan_words(200, 10), 8),
    "status, 2,000 runs": Measured((2000, True, 5), [*ABLATE, "status"], 1),
    "report, 2,000 runs": Measured((2000, True, 5), [*ABLATE, "report"], 25, 500),
    "collect, 10,000 runs": Measured((10_000, False, 5), [sys.executable, "-c", COLLECT], 5),
    "report, 20,000 variants, 2 seeds": Measured((40_000, False, 2), [*ABLATE, "report"], 60),
}


def cost(words: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command: wall seconds, CPU seconds, and the peak memory of its largest process in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(words)[:200]} failed with status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="rows whose names start so")
    args = parser.parse_args()
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB':>7}   goal", flush=True)
    with TemporaryDirectory() as scratch:
        for name, measured in MEASURED.items():
            if not name.startswith(tuple(args.only)):
                continue
            words = list(measured.words)
            if measured.study is not None:
                runs, complete, seeds = measured.study
                if not (study := Path(scratch, f"{runs}")).exists():
                    write_study(study, runs, random_results(complete), seeds)
                words.append(str(study))
            costs = [cost(words, Path(scratch)) for _ in range(args.repeat)]
            seconds, cpu, memory = (statistics.median(values) for values in zip(*costs, strict=True))
            reached = seconds <= measured.seconds and memory <= (measured.megabytes or memory)
            goal = f"{measured.seconds:g} s" + (f", {measured.megabytes:g} MB" if measured.megabytes else "")
            answer = "reached" if reached else "not reached"
            print(f"{name:34}{seconds:8.2f}{cpu:8.2f}{memory:7.0f}   {goal}: {answer}", flush=True)


if __name__ == "__main__":
    main()
