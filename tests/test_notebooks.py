"""`notebooks/`: what is committed is what they show, and they run."""

import json
import re

import nbformat
import pandas as pd
import pytest

from ablate.commands.submit.notebook import is_original
from ablate.config import CONF
from tests import notebooks
from tests.notebooks import FOLDER, NOTEBOOKS


def committed(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / name, as_version=4)


def test_both_are_visited():
    assert NOTEBOOKS == ["assignment.ipynb", "own_model.ipynb"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_committed_was_shown_by_these_cells(name):
    notebook = committed(name)
    nbformat.validate(notebook)
    assert notebook.metadata["executed_sha256"] == notebooks.sha256(notebook), "run `make notebooks`"
    assert is_original(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert not notebooks.ELSEWHERE.findall(notebooks.text(notebook))
    assert (FOLDER / name).stat().st_size < 2_000_000


def test_another_data_set_is_a_change_of_one_line():
    code = "\n".join(cell.source for cell in committed("assignment.ipynb").cells if cell.cell_type == "code")
    assert code.count('"digits"') == 2  # its line, and the question whether it is that
    first = next(cell.source for cell in committed("assignment.ipynb").cells if cell.cell_type == "code")
    assert first.startswith('DATA = "digits"') and "\n" not in first


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_has_a_study_of_its_own(name):
    code = "\n".join(cell.source for cell in committed(name).cells if cell.cell_type == "code")
    presets = {path.stem for path in (CONF / "study").glob("*.yaml")}
    (study,) = re.findall(r"study\.name\W+(\w+)", code)
    assert study not in presets


def test_the_test_set_is_used_after_the_choice():
    code = [cell.source for cell in committed("assignment.ipynb").cells if cell.cell_type == "code"]
    choice = next(number for number, source in enumerate(code) if "study.best" in source)
    tests = [number for number, source in enumerate(code) if re.search(r"\btest\(", source)]
    assert tests and min(tests) >= choice
    assert code[choice].index("study.best") < code[choice].index("test(")


@pytest.mark.integration
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_says_what_its_runs_have_recorded(name, tmp_path):
    shown = notebooks.text(notebooks.execute(committed(name), tmp_path))
    study = tmp_path / "outputs" / {"assignment.ipynb": "design", "own_model.ipynb": "own"}[name]
    effects = pd.read_csv(study / "report" / "effects.csv")
    assert set(effects["n"]) == {3} and not effects[["diverged", "holes"]].any(axis=None)
    for row in effects.itertuples():
        assert f"{100 * row.mean:.2f} ± {100 * row.sd:.2f}" in shown
    tested = [json.loads(path.read_text())["accuracy"] for path in tmp_path.rglob("test.json")]
    assert tested
    for accuracy in tested:
        assert any(text in shown for text in (f"{100 * accuracy:.1f}", repr(accuracy)))
