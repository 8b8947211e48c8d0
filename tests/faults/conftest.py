"""The study that nothing disturbs, trained once for all tests, and random damage, few or many times."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.damage import Damage
from tests.faults.planting import whole, words

FEW, MANY = 15, 1000


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study of 40 epochs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    whole(folder, *words(40))
    return folder


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.faults)])
def fuzz(request: pytest.FixtureRequest) -> Callable[[st.SearchStrategy, Callable[[Damage], None]], None]:
    """Call a check with damages, few or many; each time the same."""

    def run(damages: st.SearchStrategy, check: Callable[[Damage], None]) -> None:
        quiet = list(HealthCheck)
        bounded = settings(max_examples=request.param, deadline=None, derandomize=True, database=None,
                           suppress_health_check=quiet)  # fmt: skip
        bounded(given(damages)(lambda damage: check(damage)))()

    return run
