"""The study that nothing disturbs, trained once for all tests that compare with it."""

from pathlib import Path

import pytest

from tests.faults.planting import whole, words


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study of 40 epochs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    whole(folder, *words(40))
    return folder
