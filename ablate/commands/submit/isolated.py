"""Run `ablate` from the submitted code in a new process, without the user's environment."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ablate.config.user_code import site_packages

# Caches that are reused, with their default folders.
CACHES = {"ABLATE_CACHE": "~/.cache/ablate/images", "ABLATE_DATA": "~/.cache/ablate/data"}


def ablate(code: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run `ablate` with these arguments from the package in the folder `code`, with an empty home as working folder.

    Python finds the package in `code` and the packages installed by pip; other `PYTHON...` variables are removed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    caches = {
        name: str(Path(os.environ.get(name) or default).expanduser().absolute()) for name, default in CACHES.items()
    }
    # -S ignores .pth files, so that an editable installation does not shadow the submitted code.
    command = [sys.executable, "-S", "-P", "-m", "ablate.cli", *arguments]
    paths = os.pathsep.join(map(str, [code, *site_packages()]))
    with tempfile.TemporaryDirectory(prefix="ablate-") as home:
        fresh = {**environment, **caches, "HOME": home, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=home, env=fresh, capture_output=True, encoding="utf-8")
