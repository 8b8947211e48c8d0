"""The foreign app, started as its author would."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.processes import ablate

APP = Path(__file__).with_name("app.py")
SWEEP = ("-m", "hydra/sweeper=ablate", "hydra.sweeper.metric=acc", "hydra.sweeper.name=s")


@pytest.fixture(scope="session")
def app():
    """app(folder, *words) -> the finished process of the app."""

    def start(folder: Path, *words: str, **environment: str) -> CompletedProcess[str]:
        return ablate(folder, *words, script=APP, **environment)

    return start
