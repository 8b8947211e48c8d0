"""16 small runs packed on the GPU by `hydra/launcher=local`, and one after another; without a GPU on the cores."""

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
    runs, limit, epochs = settings.of((4, 128, 1), (16, 10_000, 5))
    words = [*settings.words(), "model=cnn", "normalization=batch", f"data.train_limit={limit}"]
    words += [f"trainer.epochs={epochs}", f"seed=range({runs})"]
    packed = runs if CUDA else CORES
    packed_seconds, packed_records = study(settings.scratch / "packed", words, runs, packed)
    seconds, records = study(settings.scratch / "one_after_another", words, runs, 1)
    row(
        "one after another, relative time",
        f"{seconds / packed_seconds:.2f}",
        "at least 6",
        seconds / packed_seconds >= 6,
    )
    if CUDA:
        peak = sum(record["peak_memory"]["device"] for record in packed_records) / 1024
        row("peak memory of the packed runs, without CUDA contexts", f"{peak:.1f} GiB")
    same = sum(accuracy(one) == accuracy(other) for one, other in zip(packed_records, records, strict=True))
    row("same validation accuracy both ways", f"{same} of {runs} runs")
    if CUDA and (control := shutil.which("nvidia-cuda-mps-control")):
        with_mps(control, settings.scratch / "mps", words, runs)


def accuracy(record: dict[str, Any]) -> float:
    """The validation accuracy of a run."""
    return record["metrics"]["val_accuracy"]


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
    command = [*ABLATE, "train", "-m", "study.name=s", *words, f"hydra.launcher.{JOBS}={jobs}"]
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
