"""A study whose files change between two reads is refused in a sentence, or read: never another exception.

The change happens just before the n-th file of the study is opened, for every n.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.commands.test import test as evaluated
from ablate.evaluation import trained_model
from ablate.runs import looks, test_log
from ablate.runs.differences import diff
from ablate.study.live_view import FolderView
from ablate.terminal.errors import InputError
from tests.faults.planting import RUN, whole, words

before_opening: list[Callable[[str], None]] = []  # called with the path; an audit hook cannot be removed


def opened(event: str, arguments: tuple) -> None:
    if event == "open" and before_opening and isinstance(arguments[0], str | Path):
        before_opening[-1](str(arguments[0]))


sys.addaudithook(opened)


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> tuple[Path, Path]:
    """A study of two seeds, tested, and another one of one seed with another network."""
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    whole(folders[0], *words(2, "seed=0,1"))
    whole(folders[1], *words(1, "seed=0", "data.val_fraction=0.5", "normalization=none"))
    for folder in folders:
        evaluated(folder / RUN)
        looks.record(folder / "outputs/s", ["a", "b"], 2, 2)
    return folders[0] / "outputs/s", folders[1] / "outputs/s"


def gone(study: Path, other: Path) -> None:
    shutil.rmtree(study)


def replaced(study: Path, other: Path) -> None:
    """The files that both have are those of the other study."""
    for path in study.rglob("*"):
        if path.is_file() and (other / path.relative_to(study)).exists():
            shutil.copy(other / path.relative_to(study), path)


def halved(study: Path, other: Path) -> None:
    """As if the files were being copied."""
    for path in study.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


READERS: dict[str, Callable[[Path], object]] = {
    "watch": lambda study: FolderView(study)(),
    "looks": looks.read,
    "diff": lambda study: diff(study / "baseline/seed=0", study / "baseline/seed=0"),
    "network": lambda study: trained_model.load(study / "baseline/seed=0"),
    "uses": lambda study: test_log.count_uses(study / "baseline/seed=0"),
}


@pytest.mark.faults
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("change", [gone, replaced, halved])
def test_a_change_before_each_file_that_is_opened(tmp_path, studies, reader, change):
    number = 0
    happened = True
    while happened:
        number, happened = number + 1, False
        study = shutil.copytree(studies[0], tmp_path / f"{number}/s")
        left = number

        def count(path: str, study: Path = study) -> None:
            nonlocal left, happened
            left -= path.startswith(str(study))
            if left == 0 and not happened:
                before_opening.clear()
                happened = True
                change(study, studies[1])

        before_opening.append(count)
        try:
            READERS[reader](study)
        except (InputError, OSError) as refusal:
            assert str(refusal)
        finally:
            before_opening.clear()
    assert number > 1
