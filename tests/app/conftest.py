"""The foreign app, started as its author would."""

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.processes import ENVIRONMENT

APP = Path(__file__).with_name("app.py")
SWEEP = ("-m", "hydra/sweeper=ablate", "hydra.sweeper.metric=acc", "hydra.sweeper.name=s")


@pytest.fixture(scope="session")
def app():
    """app(folder, *words) -> the finished process of the app."""

    def start(folder: Path, *words: str, **environment: str) -> CompletedProcess[str]:
        command = [sys.executable, str(APP), *words]
        settings = {**ENVIRONMENT, **environment}
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=settings, timeout=300)

    return start
