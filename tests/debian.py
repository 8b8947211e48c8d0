"""Programs that a test needs and pip does not have: from Debian's packages."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def need(commands: list[str], packages: list[str]) -> None:
    """Have these commands: install the packages if this is root, else fail and say so. A skip would hide the test."""
    if all(shutil.which(command, path=PATH) for command in commands):
        return
    if os.getuid() != 0 or not shutil.which("apt-get"):
        pytest.fail(f"{', '.join(commands)} are needed: apt install {' '.join(packages)}")
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    with FileLock(Path(tempfile.gettempdir()) / "ablate-apt.lock"):  # apt refuses a second at the same time
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(install, env=settings, check=True, stdout=subprocess.DEVNULL)
