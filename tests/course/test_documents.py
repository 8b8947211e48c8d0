"""Reports and notebooks, written by other programs, are accepted or refused."""

import json

import nbformat
import pytest
import typst
from nbformat import v4
from pypdf import PdfReader, PdfWriter

from ablate.course import documents
from ablate.terminal.errors import InputError


def pdf(path, pages: int):
    source = path.with_suffix(".typ")
    source.write_text("Printed on\n" + "#pagebreak()\n".join(f"page {number}\n" for number in range(1, pages + 1)))
    path.write_bytes(typst.compile(source))
    return path


@pytest.mark.parametrize("pages", [1, 2])
def test_a_report_of_at_most_two_pages(tmp_path, pages):
    path = pdf(tmp_path / "report.pdf", pages)
    content, count = documents.read_report(path, 2)
    assert content == path.read_bytes() and count == pages == len(PdfReader(path).pages)
    assert f"page {pages}" in documents.pdf_text(path, content)


def test_a_report_with_three_or_no_pages_is_refused(tmp_path):
    with pytest.raises(InputError, match="report.pdf has 3 pages, expected 1 to 2"):
        documents.read_report(pdf(tmp_path / "report.pdf", 3), 2)
    with (tmp_path / "empty.pdf").open("wb") as file:
        PdfWriter().write(file)
    with pytest.raises(InputError, match="has 0 pages, expected"):
        documents.read_report(tmp_path / "empty.pdf", 2)


def test_an_unreadable_pdf_is_refused(tmp_path):
    valid = pdf(tmp_path / "report.pdf", 1)
    with pytest.raises(InputError, match="other.pdf does not exist: the report is missing"):
        documents.read_report(tmp_path / "other.pdf", 2)
    (tmp_path / "text.pdf").write_text("not a PDF")
    locked = PdfWriter(valid)
    locked.encrypt("secret")
    locked.write(tmp_path / "locked.pdf")
    for name in ("text.pdf", "locked.pdf"):
        with pytest.raises(InputError, match="is not a readable PDF"):
            documents.read_report(tmp_path / name, 2)


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
    content, cells = documents.read_notebook(path)
    notebook = nbformat.reads(content.decode(), 4)
    assert cells == 2 and notebook.cells[3].outputs[0].text == "read ~/images\nof ~\n"
    assert notebook.cells[1].outputs[0].data["image/png"] == "/home/ada/"  # base64 data is not changed
    nbformat.validate(notebook)


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
        documents.read_notebook(write(tmp_path / "a.ipynb", *cells))
    assert message in str(refused.value) and "a.ipynb" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "print(1)", '{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "\udcff"]
)
def test_an_unreadable_notebook_is_refused(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match="is not a readable Jupyter notebook") as refused:
        documents.read_notebook(path)
    assert "\n" not in str(refused.value)


def test_an_old_or_missing_notebook_is_refused(tmp_path):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    with pytest.raises(InputError, match="is not a readable Jupyter notebook"):
        documents.read_notebook(tmp_path / "old.ipynb")
    with pytest.raises(InputError, match="the notebook is missing"):
        documents.read_notebook(tmp_path / "none.ipynb")
