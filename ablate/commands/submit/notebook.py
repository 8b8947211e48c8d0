"""Read and check the notebook of a submission."""

import hashlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.commands.submit.report import MISSING, contents
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, without_homes

if TYPE_CHECKING:
    from nbformat import NotebookNode

ORIGINAL = "original_sha256"  # in the metadata of our notebooks: hash of their code, see `code_sha256`
SETTING = re.compile(r"DATA = .*")  # the cell that selects the data set, which is not part of that hash
STUDIES = re.compile(r"\boutputs/([\w.=+\[\]-]+)|\bstudy\.name[\"']?\s*[=:]\s*[\"']?([\w.-]+)")
NOT_STUDIES = ("single", "data")  # folders in outputs/
DATA = re.compile(r"\bdata[\"']?\s*[=:]\s*[\"']?([a-z]\w*)|\bData\((\w+):", re.IGNORECASE)


def find(path: Path | None, name: str) -> Path:
    """The path of the notebook: as passed, or `name` in the current folder or in notebooks/, or our own, edited.

    Raises:
        InputError: there is none.
    """
    candidates = [Path(name), Path("notebooks", name), Path("notebooks", "assignment.ipynb")]
    found = path or next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is None:
        raise InputError(f"There is no {name} in this folder or in notebooks/. Pass your notebook: --notebook FILE.")
    return found


def read(path: Path) -> tuple["NotebookNode", bytes, int]:
    """Read an executed notebook. Home-directory paths in its bytes become `~`.

    Returns:
        The notebook, its bytes, and the number of its code cells.

    Raises:
        InputError: the file is missing, is not a notebook, or was not executed from top to bottom without error.
    """
    try:
        import nbformat
    except ImportError:
        raise InputError(MISSING.format("nbformat")) from None
    content = contents(path, "the notebook")
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
    return notebook, (nbformat.writes(nbformat.from_dict(without_homes(notebook))) + "\n").encode(), len(cells)


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


def code_sha256(notebook: "NotebookNode") -> str:
    """Hash of the code cells, except the one that selects the data set."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and not SETTING.fullmatch(first(cell))]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def first(cell: "NotebookNode") -> str:
    """The source of a cell of one line; else an empty string."""
    return "" if "\n" in cell.source.strip() else cell.source.strip()


def is_original(notebook: "NotebookNode") -> bool:
    """True if the notebook is one of ours whose code nobody has changed."""
    return notebook.metadata.get(ORIGINAL) == code_sha256(notebook)


def mismatch(notebook: "NotebookNode", submitted: list[str], data: str, known: list[str]) -> str:
    """Say what in a notebook belongs to another study or data set than those submitted; empty if nothing does.

    A notebook may name other studies and data sets too, or none.

    Args:
        notebook: the notebook; its code and the text of its outputs are read.
        submitted: names of the submitted study.
        data: name of its data set, an option of `conf/data`.
        known: all names of data sets.
    """
    text = "\n".join(texts(notebook))
    studies = dict.fromkeys((one or other).rstrip(".") for one, other in STUDIES.findall(text))
    others = [name for name in studies if name not in NOT_STUDIES]
    if others and not set(others) & set(submitted):
        return f"is about the study {first_few(others)}, not {submitted[0]}"
    named = dict.fromkeys((one or other).lower() for one, other in DATA.findall(text))
    sets = [name for name in named if name in known]
    if sets and data not in sets:
        return f"uses the data set {first_few(sets)}, but the study {submitted[0]} uses {data}"
    return ""


def texts(notebook: "NotebookNode") -> Iterator[str]:
    """The code and the text of the outputs."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        yield cell.source
        for output in cell.outputs:
            yield "".join(output.get("text", ""))
            yield "".join(output.get("data", {}).get("text/plain", ""))
