"""What 10 and 100 times as many images, epochs and runs cost: time and peak memory, and a figure of them.

    python benchmarks/scale.py --root FOLDER_OF_IMAGES [--figure scale.svg] [--largest 100] [--only runs ...]

Each point is a process of its own; its memory is that of the largest of its processes. A line is straight where
time = fixed cost + cost of one x count; the last column is what is spent at each point for one more, and shows a knee.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import make

TRAIN = [sys.executable, "-m", "ablate.cli", "train"]
DIGITS = ["data=digits", "model=mlp", "model.hidden=[32]"]
MIB = 2**20

Point = tuple[int, float, float]  # count, seconds, MiB


def cost(command: list[str | Path], folder: Path) -> tuple[float, float]:
    """Seconds of a command, and MiB of its largest process."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} ended with {status}: {errors[-2000:]}")
    return time.perf_counter() - began, usage.ru_maxrss * 1024 / MIB


def images(count: int, root: Path, folder: Path) -> tuple[float, float]:
    """A run of one epoch of the assignment's CNN on so many images; all of them are decoded before."""
    return cost([*TRAIN, "data=image_folder", f"data.root={root}", f"data.train_limit={count}", "trainer.epochs=1",
                 f"hydra.run.dir={folder}/{count}"], folder)  # fmt: skip


def epochs(count: int, root: Path, folder: Path) -> tuple[float, float]:
    """A run of so many epochs of a small MLP on the digits."""
    return cost([*TRAIN, *DIGITS, f"trainer.epochs={count}", f"hydra.run.dir={folder}/{count}"], folder)


def runs(count: int, root: Path, folder: Path) -> tuple[float, float]:
    """A sweep of so many runs of two epochs of a small MLP on the digits, a seed each."""
    return cost([*TRAIN, "-m", f"study.name=s{count}", *DIGITS, "trainer.epochs=2", f"seed=range({count})"], folder)


def reported(count: int, root: Path, folder: Path) -> tuple[float, float]:
    """The report of a study of so many runs, with curves of 20 epochs and predictions of 5,000 images each."""
    make(folder / f"study{count}", count, whole=True)
    return cost([sys.executable, "-m", "ablate.cli", "report", folder / f"study{count}"], folder)


# What grows -> how it is measured, and its smallest count; a report's figures need several variants.
MEASURED: dict[str, tuple[Callable[[int, Path, Path], tuple[float, float]], int]] = {
    "images": (images, 450),
    "epochs": (epochs, 10),
    "runs": (runs, 5),
    "runs reported": (reported, 100),
}


def draw(points: dict[str, list[Point]], path: Path) -> None:
    """Seconds against count, both logarithmic; the dashed line has the slope of a cost in proportion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(points), 2.8), layout="constrained")
    for axes, (name, measured) in zip(figure.subplots(1, len(points)), points.items(), strict=True):
        counts, seconds, _ = zip(*measured, strict=True)
        axes.loglog(counts, seconds, "o-")
        proportion = [seconds[-1] * count / counts[-1] for count in counts]
        axes.loglog(counts, proportion, "--", color="0.6", linewidth=1)
        axes.set(xlabel=name, ylabel="seconds")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--largest", type=int, default=100, help="times the smallest count (default: 100)")
    parser.add_argument("--only", nargs="+", choices=MEASURED, default=list(MEASURED), metavar="WHAT")
    given = parser.parse_args()
    points: dict[str, list[Point]] = {}
    for name in given.only:
        measure, smallest = MEASURED[name]
        with tempfile.TemporaryDirectory() as folder:
            measure(smallest, given.root, Path(folder) / "warm")
            for factor in (factor for factor in (1, 10, 100) if factor <= given.largest):
                count = factor * smallest
                points.setdefault(name, []).append((count, *measure(count, given.root, Path(folder))))
                show(name, points[name])
    if given.figure:
        draw(points, given.figure)


def show(name: str, measured: list[Point]) -> None:
    """A line for the last point."""
    count, seconds, memory = measured[-1]
    more = ""
    if len(measured) > 1:
        before, less, _ = measured[-2]
        more = f"{1000 * (seconds - less) / (count - before):9.3f} ms for one more"
    print(f"{name:14}{count:8,}{seconds:9.2f} s{memory:8.0f} MiB{more}", flush=True)


if __name__ == "__main__":
    main()
