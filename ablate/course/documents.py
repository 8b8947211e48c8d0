"""The report and the notebook: whether they are what is asked for."""

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
LARGEST = bounded.GIB  # what fits into an archive is checked when it is built


def report(path: Path, max_pages: int) -> tuple[bytes, int]:
    """The bytes of a PDF, and how many pages it has.

    Raises:
        InputError: there is no such file, it is no PDF, or it has more than `max_pages`.
    """
    content = _contents(path, "the report")
    pages = len(_opened(path, content).pages)
    if not 1 <= pages <= max_pages:
        raise InputError(f"{path} has {pages} pages, but at most {max_pages} may be handed in. Shorten it.")
    return content, pages


def words(path: Path, content: bytes) -> str:
    """The text and the metadata of a PDF."""
    opened = _opened(path, content)
    return "\n".join([*map(str, (opened.metadata or {}).values()), *(page.extract_text() for page in opened.pages)])


def _opened(path: Path, content: bytes) -> Any:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise InputError(MISSING.format("pypdf")) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it warns of before it gives up is said below
    try:
        opened = PdfReader(io.BytesIO(content))
        len(opened.pages)
    except Exception as error:  # pypdf raises many kinds on what is damaged, or locked
        raise InputError(f"{path} is no PDF that can be read ({error}). Write it again.") from None
    return opened


def notebook(path: Path) -> tuple[bytes, int]:
    """The bytes of an executed notebook, in which no home folder is named, and how many cells of code it has.

    Raises:
        InputError: there is no such file, it is no notebook, or it was not executed from top to bottom without error.
    """
    try:
        import nbformat
    except ImportError:
        raise InputError(MISSING.format("nbformat")) from None
    content = _contents(path, "the notebook")
    try:
        read = nbformat.reads(content.decode(), nbformat.NO_CONVERT)
        nbformat.validate(read)
        if read.nbformat < 4:
            raise ValueError("it is of a format before 4")
    except Exception as error:  # nbformat raises many kinds
        said = str(error).partition("\n")[0][:200]
        raise InputError(f"{path} is no Jupyter notebook that can be read ({said}). Save it again.") from None
    cells = [cell for cell in read.cells if cell.cell_type == "code" and cell.source.strip()]
    _check_executed(path, cells)
    return (nbformat.writes(nbformat.from_dict(without_homes(read))) + "\n").encode(), len(cells)


def _check_executed(path: Path, cells: "list[NotebookNode]") -> None:
    """Refuse a notebook of such cells of code as nobody saw run from top to bottom."""
    again = "Restart its kernel, run all cells, and save it."
    for number, cell in enumerate(cells, 1):
        if cell.execution_count is None:
            raise InputError(f"{path}: cell of code {number} of {len(cells)} was not executed. {again}")
        if failed := [output for output in cell.outputs if output.output_type == "error"]:
            raise InputError(f"{path}: cell of code {number} ended with {failed[0].ename}. Mend it. {again}")
    for number, (one, other) in enumerate(itertools.pairwise(cells), 2):
        if other.execution_count <= one.execution_count:
            raise InputError(f"{path}: cell of code {number} was executed before the one above it. {again}")
    if not any(cell.outputs for cell in cells):
        raise InputError(f"{path} has no outputs. {again}")


def _contents(path: Path, what: str) -> bytes:
    try:
        return bounded.contents(path, LARGEST)
    except FileNotFoundError:
        raise InputError(f"{path} is not there: {what} is missing.") from None
