"""Run the tests that need a GPU, `pytest -m cuda`. Without a GPU they are skipped."""

import subprocess
import sys

from benchmarks.gpu_parts.part import CUDA, ROOT, Settings, row, start

PYTEST = ["-m", "pytest", "-m", "cuda", "-v", "-p", "no:cacheprovider", "--tb=short", "-o",
          "addopts=--import-mode=importlib", "tests/training/test_cuda.py"]  # fmt: skip


def measure(settings: Settings) -> None:
    """Print a row for each failed test as it ends, and one for all."""
    process = subprocess.Popen(
        [sys.executable, *PYTEST], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    last = "no output"
    for text in process.stdout or ():
        print(text, end="", file=sys.stderr, flush=True)
        last = text.strip("= \n") or last
        test, _, result = text.partition(" ")
        if "::" in test and result.startswith(("FAILED", "ERROR")):
            row(test.split("::", 1)[1][:200], result.split()[0].lower(), failed=True)
    passed = process.wait() == 0 and ("passed" in last or not CUDA)
    row("pytest -m cuda", last, "all pass", passed if CUDA else None, failed=not passed)


if __name__ == "__main__":
    start(measure)
