"""Reports with so many pages, and notebooks that were executed or were not: written by other programs."""

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
    source.write_text("Seen on\n" + "#pagebreak()\n".join(f"page {number}\n" for number in range(1, pages + 1)))
    path.write_bytes(typst.compile(source))
    return path


@pytest.mark.parametrize("pages", [1, 2])
def test_a_report_of_at_most_two_pages(tmp_path, pages):
    path = pdf(tmp_path / "report.pdf", pages)
    content, count = documents.report(path, 2)
    assert content == path.read_bytes() and count == pages == len(PdfReader(path).pages)
    assert f"page {pages}" in documents.words(path, content)


def test_a_report_of_three_pages_or_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="report.pdf has 3 pages, but at most 2"):
        documents.report(pdf(tmp_path / "report.pdf", 3), 2)
    with (tmp_path / "empty.pdf").open("wb") as file:
        PdfWriter().write(file)
    with pytest.raises(InputError, match="has 0 pages"):
        documents.report(tmp_path / "empty.pdf", 2)


def test_what_is_no_pdf_is_refused(tmp_path):
    whole = pdf(tmp_path / "report.pdf", 1)
    with pytest.raises(InputError, match="is not there: the report is missing"):
        documents.report(tmp_path / "other.pdf", 2)
    (tmp_path / "text.pdf").write_text("no PDF")
    locked = PdfWriter(whole)
    locked.encrypt("secret")
    locked.write(tmp_path / "locked.pdf")
    for name in ("text.pdf", "locked.pdf"):
        with pytest.raises(InputError, match="is no PDF that can be read"):
            documents.report(tmp_path / name, 2)


def cell(count, *outputs, source="1 + 1"):
    return v4.new_code_cell(source, execution_count=count, outputs=list(outputs))


TWO = v4.new_output("execute_result", {"text/plain": "2", "image/png": "/home/ada/"}, execution_count=1)
SAID = v4.new_output("stream", text="read /home/ada/images\nof /home/ada\n")
ERROR = v4.new_output("error", ename="KeyError", evalue="a", traceback=[])


def write(path, *cells):
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), *cells]), path)
    return path


def test_an_executed_notebook_without_names_of_homes(tmp_path):
    path = write(tmp_path / "a.ipynb", cell(1, TWO), cell(None, source=" \n"), cell(3, SAID))
    content, cells = documents.notebook(path)
    kept = nbformat.reads(content.decode(), 4)
    assert cells == 2 and kept.cells[3].outputs[0].text == "read ~/images\nof ~\n"
    assert kept.cells[1].outputs[0].data["image/png"] == "/home/ada/"  # a picture in base64 may have any letters
    nbformat.validate(kept)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([cell(1, TWO), cell(None)], "cell of code 2 of 2 was not executed"),
        ([cell(2, TWO), cell(1)], "cell of code 2 was executed before the one above it"),
        ([cell(1, TWO), cell(1)], "cell of code 2 was executed before the one above it"),
        ([cell(1), cell(2, ERROR)], "cell of code 2 ended with KeyError"),
        ([cell(1), cell(2)], "has no outputs"),
        ([], "has no outputs"),
    ],
)
def test_a_notebook_that_nobody_saw_run_is_refused(tmp_path, cells, said):
    with pytest.raises(InputError) as refused:
        documents.notebook(write(tmp_path / "a.ipynb", *cells))
    assert said in str(refused.value) and "a.ipynb" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "print(1)", '{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "\udcff"]
)
def test_what_is_no_notebook_is_refused(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match="is no Jupyter notebook that can be read") as refused:
        documents.notebook(path)
    assert "\n" not in str(refused.value)


def test_a_notebook_of_an_old_format_or_none_is_refused(tmp_path):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    with pytest.raises(InputError, match="is no Jupyter notebook"):
        documents.notebook(tmp_path / "old.ipynb")
    with pytest.raises(InputError, match="the notebook is missing"):
        documents.notebook(tmp_path / "none.ipynb")
