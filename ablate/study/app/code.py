"""The code and packages that the results of an app depend on."""

import hashlib
import inspect
import os
import platform
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ablate.runs import provenance
from ablate.runs.record_parts import Environment

SKIPPED = {"__pycache__", "node_modules", "site-packages", "outputs", "multirun", "logs", "build", "dist"}
MOST = 5_000  # files


def script_of(task: Callable[..., Any]) -> Path | None:
    """The file that defines the app's main function; None if it has none, as in a notebook."""
    function = inspect.unwrap(task)
    code = getattr(function, "__code__", None)
    path = Path(code.co_filename) if code else None
    return path.resolve() if path and path.is_file() else None


@cache
def sha256(script: Path) -> str:
    """SHA-256 of the Python files in the folder of the script and below, file names included."""
    digest = hashlib.sha256()
    for path in _sources(script.parent):
        digest.update(f"{path.relative_to(script.parent).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    """The Python files of a folder, in a fixed order, without hidden folders, environments and outputs."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and name[0] != "." and not (Path(place, name) / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(place, name)  # a broken link if it is a lock of Emacs (`.#app.py`)
            if name.endswith(".py") and path.is_file() and (count := count + 1) <= MOST:
                yield path


def environment() -> Environment:
    """Versions and hardware, read without importing any package."""
    versions: dict[str, Any] = {name.replace("-", "_"): provenance.installed(name) for name in provenance.PACKAGES}
    return Environment(python=platform.python_version(), **versions, platform=platform.platform(), cpu=provenance.cpu())
