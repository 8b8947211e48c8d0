"""Read and check the report of a submission: the PDF, and whether it is up to date."""

import csv
import io
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablate.files import bounded
from ablate.runs import study_plan, test_log
from ablate.runs.study_plan import PlannedRun
from ablate.study.status import PlannedState
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

MISSING = "`ablate submit` needs {}: pip install 'hydra-ablate[submit]'."
MAX_BYTES = bounded.GIB  # the limit of the archive is checked when it is built


def read_report(path: Path, max_pages: int) -> tuple[bytes, int]:
    """Return the bytes and the number of pages of a PDF.

    Raises:
        InputError: the file is missing, is not a PDF, or has more than `max_pages` pages.
    """
    content = contents(path, "the report")
    pages = len(_open_pdf(path, content).pages)
    if not 1 <= pages <= max_pages:
        raise InputError(
            f"{path} has {plural(pages, 'page')}, expected 1 to {max_pages}. Change the report, or pass other limits"
            " with --submission FILE."
        )
    return content, pages


def pdf_text(path: Path, content: bytes) -> str:
    """Extract the text and the metadata of a PDF."""
    pdf = _open_pdf(path, content)
    return "\n".join([*map(str, (pdf.metadata or {}).values()), *(page.extract_text() for page in pdf.pages)])


def _open_pdf(path: Path, content: bytes) -> Any:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise InputError(MISSING.format("pypdf")) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the error below replaces its warnings
    try:
        pdf = PdfReader(io.BytesIO(content))
        len(pdf.pages)
    except Exception as error:  # pypdf raises many types of exception on a damaged or encrypted file
        raise InputError(f"{path} is not a readable PDF ({error}). Export it again.") from None
    return pdf


def outdated(study: Path, planned: Sequence[PlannedRun], states: Sequence[PlannedState]) -> str:
    """Return why the report of a study is outdated; empty if it is current.

    Runs are compared by their accuracies, because copying a study changes the modification times.
    """
    report = study / "report"
    try:
        table = bounded.contents(report / "runs.csv", study_plan.LARGEST.size).decode(errors="replace")
        written = (report / "report.pdf").stat().st_mtime_ns
    except FileNotFoundError:
        return f"{study} has no report"
    rows = {(row.get("variant"), row.get("seed")): row for row in csv.DictReader(io.StringIO(table))}
    reported = [rows.get((run.variant, str(run.seed)), {}) for run in planned]
    if len(rows) != len(planned) or not all(map(_same, reported, states)):
        return f"The report of {study} is older than its runs"
    for path in (study / "report.md", study / test_log.FILE):
        if path.exists() and path.stat().st_mtime_ns > written:
            return f"The report of {study} is older than {path}"
    return ""


def _same(row: dict[str, str], state: PlannedState) -> bool:
    """True if a row of runs.csv has the status and accuracy of a run."""
    accuracy = state.value("val_accuracy")
    try:
        reported = float(row.get("val_accuracy") or "nan")
    except ValueError:
        return False
    same = math.isnan(reported) if accuracy is None or math.isnan(accuracy) else math.isclose(reported, accuracy)
    return row.get("status") == state.status and same


def contents(path: Path, part: str) -> bytes:
    """The content of a file; `part` names it in the error if it is missing."""
    try:
        return bounded.contents(path, MAX_BYTES)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {part} is missing.") from None
