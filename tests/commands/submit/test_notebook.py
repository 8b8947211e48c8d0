"""Notebooks, written by other programs, are accepted or refused."""

import json

import nbformat
import pytest
from nbformat import v4

from ablate.commands.submit import notebook
from ablate.terminal.errors import InputError
from tests.processes import ROOT


def cell(count, *outputs, source="1 + 1"):
    return v4.new_code_cell(source, execution_count=count, outputs=list(outputs))


RESULT = v4.new_output("execute_result", {"text/plain": "2", "image/png": "/home/ada/"}, execution_count=1)
STREAM = v4.new_output("stream", text="read /home/ada/images\nof /home/ada\n")
ERROR = v4.new_output("error", ename="KeyError", evalue="a", traceback=[])


def write(path, *cells):
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), *cells]), path)
    return path


def test_home_paths_in_an_executed_notebook_are_replaced(tmp_path):
    path = write(tmp_path / "a.ipynb", cell(1, RESULT), cell(None, source=" \n"), cell(3, STREAM))
    _, content, cells = notebook.read(path)
    packed = nbformat.reads(content.decode(), 4)
    assert cells == 2 and packed.cells[3].outputs[0].text == "read ~/images\nof ~\n"
    assert packed.cells[1].outputs[0].data["image/png"] == "/home/ada/"  # base64 data is not changed
    nbformat.validate(packed)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([cell(1, RESULT), cell(None)], "code cell 2 of 2 was not executed"),
        ([cell(2, RESULT), cell(1)], "code cell 2 was executed before the cell above it"),
        ([cell(1, RESULT), cell(1)], "code cell 2 was executed before the cell above it"),
        ([cell(1), cell(2, ERROR)], "code cell 2 raised KeyError"),
        ([cell(1), cell(2)], "has no outputs"),
        ([], "has no outputs"),
    ],
)
def test_a_notebook_that_was_not_executed_in_order_is_refused(tmp_path, cells, message):
    with pytest.raises(InputError) as refused:
        notebook.read(write(tmp_path / "a.ipynb", *cells))
    assert message in str(refused.value) and "a.ipynb" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "print(1)", '{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "\udcff"]
)
def test_an_unreadable_notebook_is_refused(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match="is not a readable Jupyter notebook") as refused:
        notebook.read(path)
    assert "\n" not in str(refused.value)


def test_an_old_or_missing_notebook_is_refused(tmp_path):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    with pytest.raises(InputError, match="is not a readable Jupyter notebook"):
        notebook.read(tmp_path / "old.ipynb")
    with pytest.raises(InputError, match="the notebook is missing"):
        notebook.read(tmp_path / "none.ipynb")


def of(*sources: str, output: str = "", **metadata: str) -> nbformat.NotebookNode:
    """A notebook with these code cells, the last of which has an output."""
    cells = [v4.new_code_cell(source) for source in sources]
    cells[-1].outputs = [v4.new_output("execute_result", {"text/plain": output})]
    return v4.new_notebook(cells=[v4.new_markdown_cell("outputs/other with data=mnist"), *cells], metadata=metadata)


NAMES = ["cifar10", "digits", "mnist"]


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("loss = 0", "0.5"),  # names neither
        ('train(data="digits", **{"study.name": "s"})', ""),
        ("!ablate train -m study.name=s data=digits", ""),
        ("look(data=DATA)", "Data(digits: 10 classes)"),
        ("x", "Study('outputs/s': 15 runs) Run('outputs/single/2026': completed)"),
        ("x", "outputs/other/baseline and outputs/s/baseline/seed=0"),
        ("x", "It is in outputs/s."),
        ("x", "outputs/earlier, the name before it was renamed"),
        ('DATA = "digits"  # or "cifar10"', ""),
        ('first(data="mnist")\nthen(data="digits")', ""),
        ('if DATA == "mnist": x', "metadata=mnist"),
    ],
)
def test_a_notebook_about_the_study_matches(source, output):
    assert notebook.mismatch(of(source, output=output), ["s", "earlier"], "digits", NAMES) == ""


@pytest.mark.parametrize(
    ("source", "output", "reason"),
    [
        ('train(data="mnist")', "", "uses the data set mnist, but the study s uses digits"),
        ("!ablate train data=cifar10", "", "uses the data set cifar10, but"),
        ('DATA = "cifar10"', "", "uses the data set cifar10, but"),
        ("look(data=DATA)", "Data(cifar10: 10 classes)", "uses the data set cifar10, but"),
        ('settings = {"study.name": "first"}', "", "is about the study first, not s"),
        ("x", "Study('outputs/assignment': 15 runs)", "is about the study assignment, not s"),
        ('test("outputs/older/baseline/seed=0")', "", "is about the study older, not s"),
    ],
)
def test_a_notebook_about_something_else_does_not(source, output, reason):
    assert reason in notebook.mismatch(of(source, output=output), ["s", "earlier"], "digits", NAMES)


@pytest.mark.parametrize("name", ["assignment.ipynb", "own_model.ipynb"])
def test_our_notebooks_are_recognized_until_their_code_changes(name, tmp_path):
    content = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    nbformat.write(content, tmp_path / "Assignment_1.ipynb")  # as saved by Jupyter, with other outputs
    copy, *_ = notebook.read(tmp_path / "Assignment_1.ipynb")
    assert notebook.is_original(copy)
    for cell in copy.cells:  # words of one's own are not code; another data set is not another design
        if cell.cell_type == "markdown":
            cell.source = "My own words."
        cell.source = cell.source.replace('DATA = "digits"', 'DATA = "cifar10"')
    assert notebook.is_original(copy)
    design = next(cell for cell in copy.cells if cell.cell_type == "code" and "train(" in cell.source)
    design.source += "\n# my design"
    assert not notebook.is_original(copy)
