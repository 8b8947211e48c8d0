"""A fresh process that has the submitted code and what pip installed, and nothing else of this machine's user."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ablate.course import source

# What was downloaded or decoded once is used again: below the home folder, if the user does not say where.
CACHES = {"ABLATE_CACHE": "~/.cache/ablate/images", "ABLATE_DATA": "~/.cache/ablate/data"}


def ablate(code: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """`ablate` with these words, of the package in the folder `code`, in an empty folder with an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    caches = {name: str(Path(os.environ.get(name) or place).expanduser().absolute()) for name, place in CACHES.items()}
    # -S: a package that is installed as editable, such as this one in a checkout, is not found beside the code.
    command = [sys.executable, "-S", "-P", "-m", "ablate.cli", *words]
    paths = os.pathsep.join(map(str, [code, *source.installed()]))
    with tempfile.TemporaryDirectory(prefix="ablate-") as home:
        fresh = {**kept, **caches, "HOME": home, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=home, env=fresh, capture_output=True, text=True)
