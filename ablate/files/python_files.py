"""The Python files of a folder."""

from pathlib import Path


def python_files(folder: Path) -> list[Path]:
    """The `.py` files in a folder and below, sorted. Broken links, such as the locks of Emacs (`.#app.py`), are not."""
    return sorted(path for path in folder.rglob("*.py") if path.is_file())
