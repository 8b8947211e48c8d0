"""What tests of all rooms share: real photographs, a reported study, and a cache apart from the user's own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.processes import SMALL, ablate


@pytest.fixture(scope="session", autouse=True)
def cache_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that holds decoded images while tests run."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("ABLATE_CACHE")
    os.environ["ABLATE_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["ABLATE_CACHE"]
    else:
        os.environ["ABLATE_CACHE"] = before


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/{china,flower} of 60 and test/{china,flower} of 15 patches of two photographs, 32x32, PNG and JPEG."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    root = tmp_path_factory.mktemp("photos")
    for name, photo in zip(("china", "flower"), load_sample_images().images, strict=True):
        rows, columns = photo.shape[0] // 32, photo.shape[1] // 32
        for index in range(75):
            row, column = divmod(index * 3 % (rows * columns), columns)  # every third patch: all over the photograph
            patch = photo[32 * row : 32 * (row + 1), 32 * column : 32 * (column + 1)]
            folder = root / ("test" if index % 5 == 4 else "train") / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(patch).save(folder / f"{index:02}.{'png' if index % 2 else 'jpg'}", quality=95)
    return root


@pytest.fixture(scope="session")
def aspect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/{china,flower} of 6 and test/{china,flower} of 2 patches of two photographs, of 8 aspect ratios."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    root = tmp_path_factory.mktemp("aspects")
    sizes = [(60, 90), (90, 60), (64, 64), (70, 200), (48, 50), (300, 77), (80, 61), (55, 120)]
    for name, photo in zip(("china", "flower"), load_sample_images().images, strict=True):
        for index, (height, width) in enumerate(sizes):
            patch = photo[10 * index : 10 * index + height, 30 * index : 30 * index + width]
            folder = root / ("test" if index > 5 else "train") / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(patch).save(folder / f"{index}.{'png' if index % 2 else 'jpg'}")
    return root


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook, and a study of two variants, tested and reported; made by the first worker for all."""
    worker = tmp_path_factory.getbasetemp()
    folder = (worker.parent if "PYTEST_XDIST_WORKER" in os.environ else worker) / "submit"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "outputs/s/report/report.html").exists():
            report_study(folder)
    return folder


def report_study(folder: Path) -> None:
    """Train, test and report the study, with an author's text."""
    import nbformat
    from nbformat import v4

    (folder / "notebooks").mkdir(parents=True)
    shown = v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    cells = [v4.new_code_cell("1 + 1", execution_count=1, outputs=[shown])]
    nbformat.write(v4.new_notebook(cells=cells), folder / "notebooks/assignment.ipynb")
    words = ("train", "-m", "study.name=s", "model=mlp", "optimizer.lr=0.1,0.0001", *SMALL)
    for command in (words, ("test", "s"), ("report", "s")):
        if command[0] == "report":
            (folder / "outputs/s/report.md").write_text("# Rates\n\n## Introduction\n\nWhich learning rate learns?\n")
        ended = ablate(folder, *command)
        assert ended.returncode == 0, ended.stderr


@pytest.fixture
def here(reported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to change something in, which is also where the test works."""
    shutil.copytree(reported, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"
