"""Measure time and peak memory with 10 and 100 times as many images, epochs and runs, and plot the times.

    python benchmarks/scale.py --root FOLDER_OF_IMAGES [--figure scale.svg] [--largest 100] [--only runs ...]

Each point is a separate command. Its memory is the peak of the largest of its processes. The last column is the
marginal time per image, epoch or run since the previous point, which is constant if the time grows linearly.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from made_studies import random_results, write_study

TRAIN = [sys.executable, "-m", "ablate.cli", "train"]
DIGITS = ["data=digits", "model=mlp", "model.hidden=[32]"]
MIB = 2**20

Point = tuple[int, float, float]  # count, seconds, MiB


class Cost(NamedTuple):
    """Wall-clock seconds, peak memory of the largest process in MiB, and CPU seconds of all processes."""

    seconds: float
    memory: float
    cpu: float


def cost(command: list[str | Path], folder: Path) -> Cost:
    """Run a command in a folder."""
    folder.mkdir(exist_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} failed with status {status}: {errors[-2000:]}")
    return Cost(time.perf_counter() - start, usage.ru_maxrss * 1024 / MIB, usage.ru_utime + usage.ru_stime)


def images(count: int, root: Path, folder: Path) -> Cost:
    """Train the assignment's CNN for one epoch on `count` decoded images."""
    return cost([*TRAIN, "data=image_folder", f"data.root={root}", f"data.train_limit={count}", "trainer.epochs=1",
                 f"hydra.run.dir={folder}/{count}"], folder)  # fmt: skip


def epochs(count: int, root: Path, folder: Path) -> Cost:
    """Train a small MLP for `count` epochs on the digits."""
    return cost([*TRAIN, *DIGITS, f"trainer.epochs={count}", f"hydra.run.dir={folder}/{count}"], folder)


def runs(count: int, root: Path, folder: Path) -> Cost:
    """Train a small MLP for two epochs on the digits, with `count` seeds."""
    return cost([*TRAIN, "-m", f"study.name=s{count}", *DIGITS, "trainer.epochs=2", f"seed=range({count})"], folder)


def reported(count: int, root: Path, folder: Path) -> Cost:
    """Write the report of a study of `count` runs, each with 20 epochs and predictions for 5,000 images."""
    write_study(folder / f"study{count}", count, random_results(complete=True))
    return cost([sys.executable, "-m", "ablate.cli", "report", folder / f"study{count}"], folder)


# What is scaled -> the function that measures it, and its smallest count. A report needs runs of several variants.
MEASURED: dict[str, tuple[Callable[[int, Path, Path], Cost], int]] = {
    "images": (images, 450),
    "epochs": (epochs, 10),
    "runs": (runs, 5),
    "runs reported": (reported, 100),
}


def draw(points: dict[str, list[Point]], path: Path) -> None:
    """Plot seconds against count on log-log axes, with a dashed line for a time proportional to the count."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(points), 2.8), layout="constrained")
    for axes, (name, measured) in zip(figure.subplots(1, len(points), squeeze=False)[0], points.items(), strict=True):
        counts, seconds, _ = zip(*measured, strict=True)
        axes.loglog(counts, seconds, "o-")
        proportional = [seconds[-1] * count / counts[-1] for count in counts]
        axes.loglog(counts, proportional, "--", color="0.6", linewidth=1)
        axes.set(xlabel=name, ylabel="seconds")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--largest", type=int, default=100, help="largest factor on the smallest count (default: 100)")
    parser.add_argument("--only", nargs="+", choices=MEASURED, default=list(MEASURED), metavar="WHAT")
    args = parser.parse_args()
    points: dict[str, list[Point]] = {}
    for name in args.only:
        measure, smallest = MEASURED[name]
        with tempfile.TemporaryDirectory() as folder:
            measure(smallest, args.root, Path(folder) / "warm-up")
            for factor in (factor for factor in (1, 10, 100) if factor <= args.largest):
                count = factor * smallest
                points.setdefault(name, []).append((count, *measure(count, args.root, Path(folder))[:2]))
                show(name, points[name])
    if args.figure:
        draw(points, args.figure)


def show(name: str, measured: list[Point]) -> None:
    """Print the last point."""
    count, seconds, memory = measured[-1]
    marginal = ""
    if len(measured) > 1:
        previous_count, previous_seconds, _ = measured[-2]
        marginal = f"{1000 * (seconds - previous_seconds) / (count - previous_count):9.3f} ms for each additional one"
    print(f"{name:14}{count:8,}{seconds:9.2f} s{memory:8.0f} MiB{marginal}", flush=True)


if __name__ == "__main__":
    main()
