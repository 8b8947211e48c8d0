"""What all parts use: settings, rows, clocks, and runs of the package."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ablate.config import CONF, register

ROOT = Path(__file__).resolve().parents[2]
ABLATE = [sys.executable, "-m", "ablate.cli"]
CUDA = torch.cuda.is_available()
CORES = len(os.sched_getaffinity(0))
T = TypeVar("T")


class Settings:
    """The settings of a part, from the JSON text that `gpu.py` passes on.

    small    run at a small size, to find errors
    source   folder or tar archive of images
    root     folder of all images
    few      folder of the first images of each class
    scratch  folder for temporary files
    deadline when the part is killed, in seconds of `time.monotonic`
    """

    def __init__(self, text: str) -> None:
        settings = json.loads(text)
        self.small: bool = settings["small"]
        self.source, self.scratch = Path(settings["source"]), Path(settings["scratch"])
        self.deadline: float = settings["deadline"]
        self.few = self.scratch / "few"
        self.root = self.source if self.source.is_dir() else self.scratch / "images"

    def of(self, small: T, full: T) -> T:
        """Return the value for this size."""
        return small if self.small else full

    def rounds(self, count: int) -> Iterator[int]:
        """Yield 0, 1, ..., up to `count` of them, while there is time for another that takes as long as the longest."""
        longest = 0.0
        for number in range(count):
            began = time.monotonic()
            if number and began + longest > self.deadline - 1:
                return
            yield number
            longest = max(longest, time.monotonic() - began)

    @property
    def images(self) -> Path:
        """The folder of images for this size."""
        return self.of(self.few, self.root)

    def words(self, folder: Path | None = None) -> list[str]:
        """Return the overrides that select the images of this size, or those in `folder`."""
        path = str(folder or self.images).replace("'", r"\'")
        return ["data=image_folder", f"data.root='{path}'"]


def start(measure: Callable[[Settings], None]) -> None:
    """Call `measure` with the settings on the command line."""
    measure(Settings(sys.argv[1]))


def row(what: str, value: str, goal: str = "", reached: bool | None = None, failed: bool = False) -> None:
    """Print a row for `gpu.py`."""
    facts = {"what": what, "value": value, "goal": goal, "reached": reached, "failed": failed}
    print(json.dumps(facts), flush=True)


def attempt(what: str, measure: Callable[[], object]) -> None:
    """Call `measure`; if it raises an exception, print it as a failed row."""
    try:
        measure()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}", file=sys.stderr)
        row(what, f"failed: {type(error).__name__}: {str(error).strip()[:200]}", failed=True)


def synchronized() -> float:
    """Return the time in seconds once the GPU has completed its work."""
    if CUDA:
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(function: Callable[..., T], *arguments: Any) -> tuple[float, T]:
    """Return the seconds of a call and its result."""
    began = synchronized()
    result = function(*arguments)
    return synchronized() - began, result


def configured(words: list[str]) -> DictConfig:
    """Compose the configuration of these overrides."""
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", words)


def train(folder: Path, *words: str) -> dict[str, Any]:
    """Run `ablate train` in a new process and return its record."""
    ended = subprocess.run([*ABLATE, "train", *words, f"hydra.run.dir={folder}"], capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else str(ended.returncode))
    return json.loads((folder / "run.json").read_text())


def digest(folder: Path) -> str:
    """Return the SHA-256 of a run's weights."""
    return hashlib.sha256((folder / "model.pt").read_bytes()).hexdigest()
