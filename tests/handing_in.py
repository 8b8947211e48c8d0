"""What tests of a submission share: a report of some length, and a command that is refused."""

from pathlib import Path

import pytest
from pypdf import PdfWriter

from ablate.commands.submit import main
from ablate.terminal.errors import InputError


def blank(path: Path, pages: int) -> None:
    """Write a PDF of so many empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(path)


def refused(*words: str) -> str:
    """The sentence with which these words are refused; nothing is left of the attempt."""
    before = {*Path().rglob("*")}
    with pytest.raises(InputError) as error:
        main(["s", "--id", "s123", *words])
    assert {*Path().rglob("*")} == before and "\n" not in str(error.value)
    return str(error.value)
