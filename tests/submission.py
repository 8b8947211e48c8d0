"""Shared by the tests of submissions: PDFs with a given number of pages, and refused commands."""

from pathlib import Path

import pytest
from pypdf import PdfWriter

from ablate.commands.submit import main
from ablate.terminal.errors import InputError


def blank(path: Path, pages: int) -> None:
    """Write a PDF with empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(path)


def refused(*options: str) -> str:
    """Return the error message of `ablate submit s --id s123` with these options; assert that no file is written."""
    before = {*Path().rglob("*")}
    with pytest.raises(InputError) as error:
        main(["s", "--id", "s123", *options])
    assert {*Path().rglob("*")} == before and "\n" not in str(error.value)
    return str(error.value)
