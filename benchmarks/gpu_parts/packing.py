"""16 small runs packed on the GPU by `hydra/launcher=local`, and one after another; without a GPU on the cores.

One after another, only the first runs are trained; the others are assumed to take as long as each of these does.
"""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu_parts.part import ABLATE, CORES, CUDA, Settings, row, start

JOBS = "jobs_per_gpu" if CUDA else "jobs_at_once"


def measure(settings: Settings) -> None:
    """Run the same study with the runs packed, and one after another."""
    runs, few, limit, epochs = settings.of((4, 3, 128, 1), (16, 5, 10_000, 5))
    words = [*settings.words(), "model=cnn", "normalization=batch", f"data.train_limit={limit}"]
    words += [f"trainer.epochs={epochs}"]
    packed = runs if CUDA else CORES
    packed_seconds, packed_records = study(settings.scratch / "packed", words, runs, packed)
    seconds, records = study(settings.scratch / "one_after_another", words, few, 1)
    ended = [path.stat().st_mtime for path in (settings.scratch / "one_after_another").rglob("run.json")]
    each = (max(ended) - min(ended)) / (few - 1)
    ratio = (seconds + (runs - few) * each) / packed_seconds
    row(f"{runs} runs one after another, {each:.1f} s each; relative time", f"{ratio:.2f}", "at least 6", ratio >= 6)
    if CUDA:
        peak = sum(record["peak_memory"]["device"] for record in packed_records) / 1024
        row("peak memory of the packed runs, without CUDA contexts", f"{peak:.1f} GiB")
    accuracies = {record["seed"]: record["metrics"]["val_accuracy"] for record in packed_records}
    same = sum(record["metrics"]["val_accuracy"] == accuracies[record["seed"]] for record in records)
    row("same validation accuracy both ways", f"{same} of {few} runs")
    if CUDA and (control := shutil.which("nvidia-cuda-mps-control")):
        with_mps(control, settings.scratch / "mps", words, runs)


def with_mps(control: str, folder: Path, words: list[str], runs: int) -> None:
    """Pack the runs once more, with NVIDIA's Multi-Process Service: kernels of several processes run at once."""
    pipe = {"CUDA_MPS_PIPE_DIRECTORY": str(folder / "pipe"), "CUDA_MPS_LOG_DIRECTORY": str(folder / "log")}
    for path in pipe.values():
        Path(path).mkdir(parents=True)
    os.environ.update(pipe)
    service = subprocess.Popen([control, "-f"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        study(folder / "study", words, runs, runs, ", with MPS")
    except RuntimeError as error:  # the service may be unavailable, which is no failure of the package
        row(f"{runs} runs, {JOBS}={runs}, with MPS", f"not available: {error}"[:200])
    finally:
        service.terminate()


def study(folder: Path, words: list[str], runs: int, jobs: int, note: str = "") -> tuple[float, list[dict[str, Any]]]:
    """Run a study with `jobs` jobs at once and print its time; return its seconds and the records of its runs."""
    folder.mkdir()
    command = [*ABLATE, "train", "-m", "study.name=s", *words, f"seed=range({runs})", f"hydra.launcher.{JOBS}={jobs}"]
    began = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    records = [json.loads(path.read_text()) for path in sorted(folder.rglob("run.json"))]
    completed = sum(record["status"] == "completed" for record in records)
    if ended.returncode or completed < runs:
        errors = [record["error"] for record in records if record.get("error")] or [ended.stderr.strip()]
        raise RuntimeError(f"{completed} of {runs} runs completed with {JOBS}={jobs}: {errors[0][-300:]}")
    devices = sorted({record["environment"]["device"] for record in records})
    row(f"{runs} runs, {JOBS}={jobs}{note}", f"{seconds:.1f} s on {', '.join(devices)}")
    return seconds, records


if __name__ == "__main__":
    start(measure)
