"""Notebooks as a user runs them: a real kernel, cell by cell. `python -m tests.notebooks` (`make notebooks`) runs those
in `notebooks/` again and keeps what they show."""

import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from ablate.commands.submit.notebook import ORIGINAL, code_sha256

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
ELSEWHERE = re.compile(r"/(?:home|root|tmp|Users|work)/[^\s\"'<]*")  # a place on somebody's machine


def sha256(notebook: nbformat.NotebookNode) -> str:
    """Hash of what a notebook runs."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def execute(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run all its cells in `folder`, with this Python and this code; CellExecutionError if one fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=None, record_timing=False, coalesce_streams=True, resources=place)
    client.execute(env=environment)
    return notebook


def text(notebook: nbformat.NotebookNode) -> str:
    """All that its cells show, pictures aside."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            shown.append(output.get("text", "") or "\n".join(output.get("traceback", ())))
            shown += [str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]
    return "\n".join(shown)


def main() -> None:
    """Run each again and write it with what it shows."""
    for name in sys.argv[1:] or NOTEBOOKS:
        notebook = nbformat.read(FOLDER / name, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            execute(notebook, Path(folder))
        hashes = {"executed_sha256": sha256(notebook), ORIGINAL: code_sha256(notebook)}
        notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], **hashes}
        nbformat.write(notebook, FOLDER / name)


if __name__ == "__main__":
    main()
