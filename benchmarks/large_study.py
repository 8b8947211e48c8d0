"""Measure what a study costs by its number of runs: files, bytes, and the time and memory of commands that read it.

    python benchmarks/large_study.py [--runs 1000 3000 10000 30000] [--skip report] [--keep FOLDER]

The runs are copies of a run that is trained first (a small MLP on the digits, two epochs), with other levels, seeds,
hashes and accuracies. Each command runs in a process of its own. The last line of each command is the slope between the
two largest studies: CPU time and peak memory per additional run.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from made_studies import copies, write_study
from scale import DIGITS, TRAIN, Cost, cost

from ablate.runs import run_record, study_plan

ABLATE = [sys.executable, "-m", "ablate.cli"]


def write_copies(trained: Path, study: Path, count: int) -> None:
    """Write a study of copies of the first run of a trained one."""
    write_study(study, count, copies(trained / "baseline/seed=0"))


def sizes(study: Path, count: int) -> str:
    """Files and folders below a study, their bytes, and the bytes that they take on the disk, per run."""
    states = [path.lstat() for path in study.rglob("*")]
    contents, blocks = sum(state.st_size for state in states), sum(512 * state.st_blocks for state in states)
    plan = (study / study_plan.FILE).stat().st_size
    parts = {"files and folders": len(states), "bytes": contents, "bytes on disk": blocks, "bytes of study.json": plan}
    return "Per run: " + ", ".join(f"{total / count:,.2f} {name}" for name, total in parts.items())


def commands(study: Path) -> dict[str, list[str | Path]]:
    """What is measured: {name: command}."""
    path = "import pathlib, sys; study = pathlib.Path(sys.argv[1])"
    collect = f"{path}; from ablate.analysis.collect import collect; collect(study)"
    read = f"{path}; from ablate.runs import study_plan; study_plan.read(study)"
    return {
        "study.json": [sys.executable, "-c", read, study],
        "collect": [sys.executable, "-c", collect, study],
        "status": [*ABLATE, "status", study],
        "plan STUDY": [*ABLATE, "plan", study],
        "report": [*ABLATE, "report", study],
    }


def repeated(study: Path) -> str:
    """CPU seconds of what is done again and again while a study runs.

    They are a check for results by the command that waits for Slurm jobs, before any has written something; what a run
    reads of its study when it starts, as the first run of its process and as a later one; and an update of `watch` when
    all runs have ended.
    """
    from ablate.runs import other_images
    from ablate.runs.starting_record import study_position
    from ablate.study.launcher.submitit_slurm import Watched
    from ablate.study.live_view import FolderView

    runs, hidden = study_plan.read(study).runs, study.with_name("hidden")
    hidden.mkdir()
    watched = Watched(runs, hidden, "")  # of a job, it reads the folder only
    watched.waiting = list(range(len(runs)))
    started = time.process_time()
    assert not watched.with_record()
    check = time.process_time() - started
    hidden.rmdir()
    seconds = {"check for results": check}
    view = FolderView(study)
    view()
    folder = study / runs[-1].folder
    record = run_record.read(folder)
    for name in ("start of a run", "start of the next run", "update of watch"):
        started = time.process_time()
        if name.startswith("start"):
            study_position(study, folder)
            other_images.of_study(folder, record, "")
        else:
            view()
        seconds[name] = time.process_time() - started
    return ", ".join(f"{name} {value:.3f} s" for name, value in seconds.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[1000, 3000, 10_000, 30_000])
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--keep", type=Path, help="folder for the studies, which are kept there")
    args = parser.parse_args()
    measured: dict[str, list[tuple[int, Cost]]] = {}
    with tempfile.TemporaryDirectory() if not args.keep else nullcontext(args.keep) as scratch:
        Path(scratch).mkdir(exist_ok=True)
        trained = Path(scratch) / "trained/outputs/small"
        if not trained.is_dir():
            cost([*TRAIN, "-m", "study.name=small", *DIGITS, "trainer.epochs=2", "seed=0,1"], Path(scratch) / "trained")
        for count in args.runs:
            study = Path(scratch) / f"runs{count}"
            with ProcessPoolExecutor(1) as process:  # this process stays small: its memory counts in that of commands
                if not study.is_dir():
                    process.submit(write_copies, trained, study, count).result()
                print(f"{count:,} runs. {process.submit(sizes, study, count).result()}")
                print(f"  CPU time: {process.submit(repeated, study).result()}", flush=True)
            for name, command in commands(study).items():
                if name not in args.skip:
                    measured.setdefault(name, []).append((count, cost(command, Path(scratch))))
                    show(name, measured[name])


def show(name: str, points: list[tuple[int, Cost]]) -> None:
    """Print the last point, and the slope since the one before it."""
    count, last = points[-1]
    line = f"  {name:12}{count:8,} runs{last.seconds:8.2f} s{last.cpu:8.2f} s of CPU{last.memory:8.0f} MiB"
    if len(points) > 1:
        before, first = points[-2]
        added = count - before
        time_per_run, memory_per_run = (last.cpu - first.cpu) / added, (last.memory - first.memory) / added
        line += f"{1e3 * time_per_run:9.3f} ms and {1024 * memory_per_run:7.2f} KiB per run"
    print(line, flush=True)


if __name__ == "__main__":
    main()
