"""Read and check the report and the notebook of a submission."""

import io
import itertools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.files import bounded
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_homes

if TYPE_CHECKING:
    from nbformat import NotebookNode

MISSING = "`ablate submit` needs {}: pip install 'hydra-ablate[submit]'."
MAX_BYTES = bounded.GIB  # the limit of the archive is checked when it is built


def read_report(path: Path, max_pages: int) -> tuple[bytes, int]:
    """Return the bytes and the number of pages of a PDF.

    Raises:
        InputError: the file is missing, is not a PDF, or has more than `max_pages` pages.
    """
    content = _contents(path, "the report")
    pages = len(_open_pdf(path, content).pages)
    if not 1 <= pages <= max_pages:
        raise InputError(f"{path} has {pages} pages, expected 1 to {max_pages}.")
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


def read_notebook(path: Path) -> tuple[bytes, int]:
    """Return the bytes of an executed notebook and its number of code cells. Home-directory paths in it become `~`.

    Raises:
        InputError: the file is missing, is not a notebook, or was not executed from top to bottom without error.
    """
    try:
        import nbformat
    except ImportError:
        raise InputError(MISSING.format("nbformat")) from None
    content = _contents(path, "the notebook")
    try:
        notebook = nbformat.reads(content.decode(), nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        if notebook.nbformat < 4:
            raise ValueError("notebook format 3 or older")
    except Exception as error:  # nbformat raises many types of exception
        reason = str(error).partition("\n")[0][:200]
        raise InputError(f"{path} is not a readable Jupyter notebook ({reason}). Save it again.") from None
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    _check_executed(path, cells)
    return (nbformat.writes(nbformat.from_dict(without_homes(notebook))) + "\n").encode(), len(cells)


def _check_executed(path: Path, cells: "list[NotebookNode]") -> None:
    """Raise InputError unless the code cells were executed from top to bottom without error."""
    remedy = "Restart the kernel, run all cells, and save the notebook."
    for number, cell in enumerate(cells, 1):
        if cell.execution_count is None:
            raise InputError(f"{path}: code cell {number} of {len(cells)} was not executed. {remedy}")
        if failed := [output for output in cell.outputs if output.output_type == "error"]:
            raise InputError(f"{path}: code cell {number} raised {failed[0].ename}. Fix it. {remedy}")
    for number, (previous, cell) in enumerate(itertools.pairwise(cells), 2):
        if cell.execution_count <= previous.execution_count:
            raise InputError(f"{path}: code cell {number} was executed before the cell above it. {remedy}")
    if not any(cell.outputs for cell in cells):
        raise InputError(f"{path} has no outputs. {remedy}")


def _contents(path: Path, part: str) -> bytes:
    try:
        return bounded.contents(path, MAX_BYTES)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {part} is missing.") from None
