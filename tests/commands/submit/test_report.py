"""Reports, written by other programs, are accepted or refused."""

import pytest
import typst
from pypdf import PdfReader, PdfWriter

from ablate.commands.submit import report
from ablate.terminal.errors import InputError


def pdf(path, pages: int):
    source = path.with_suffix(".typ")
    source.write_text("Printed on\n" + "#pagebreak()\n".join(f"page {number}\n" for number in range(1, pages + 1)))
    path.write_bytes(typst.compile(source))
    return path


@pytest.mark.parametrize("pages", [1, 2])
def test_a_report_of_at_most_two_pages(tmp_path, pages):
    path = pdf(tmp_path / "report.pdf", pages)
    content, count = report.read_report(path, 2)
    assert content == path.read_bytes() and count == pages == len(PdfReader(path).pages)
    assert f"page {pages}" in report.pdf_text(path, content)


def test_a_report_with_three_or_no_pages_is_refused(tmp_path):
    with pytest.raises(InputError, match="report.pdf has 3 pages, expected 1 to 2. Change the report"):
        report.read_report(pdf(tmp_path / "report.pdf", 3), 2)
    with (tmp_path / "empty.pdf").open("wb") as file:
        PdfWriter().write(file)
    with pytest.raises(InputError, match="has 0 pages, expected"):
        report.read_report(tmp_path / "empty.pdf", 2)


def test_an_unreadable_pdf_is_refused(tmp_path):
    valid = pdf(tmp_path / "report.pdf", 1)
    with pytest.raises(InputError, match="other.pdf does not exist: the report is missing"):
        report.read_report(tmp_path / "other.pdf", 2)
    (tmp_path / "text.pdf").write_text("not a PDF")
    locked = PdfWriter(valid)
    locked.encrypt("secret")
    locked.write(tmp_path / "locked.pdf")
    for name in ("text.pdf", "locked.pdf"):
        with pytest.raises(InputError, match="is not a readable PDF"):
            report.read_report(tmp_path / name, 2)
