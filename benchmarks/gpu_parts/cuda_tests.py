"""Run the tests that need a GPU, `pytest -m cuda`. Without a GPU they are skipped."""

import importlib.util
import subprocess
import sys

from benchmarks.gpu_parts.part import CORES, CUDA, ROOT, Settings, row, start

PYTEST = ["-m", "pytest", "-m", "cuda", "-v", "-p", "no:cacheprovider", "--tb=short", "-o",
          "addopts=--import-mode=importlib", "tests/training/test_cuda.py"]  # fmt: skip
PROCESSES = ["-n", str(min(8, CORES))] if importlib.util.find_spec("xdist") else []


def measure(settings: Settings) -> None:
    """Print a row for each failed test as it ends, and one for all."""
    process = subprocess.Popen(
        [sys.executable, *PYTEST, *PROCESSES], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    last = "no output"
    for text in process.stdout or ():
        print(text, end="", file=sys.stderr, flush=True)
        last = text.strip("= \n") or last
        for result in ("FAILED", "ERROR"):
            if result in text.split() and "::" in text and " - " not in text:  # the summary at the end has " - "
                row(text.split("::", 1)[1].replace(result, "").strip()[:200], result.lower(), failed=True)
    passed = process.wait() == 0 and ("passed" in last or not CUDA)
    row("pytest -m cuda", last, "all pass", passed if CUDA else None, failed=not passed)


if __name__ == "__main__":
    start(measure)
