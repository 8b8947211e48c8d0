"""User code: `model._target_=my_model.Net` names the class `Net` in `my_model.py` in the current folder.

Its source is hashed with the configuration and saved with the run. The current folder is not on Python's search path: a
file in it that no configuration names, such as `triton.py`, is never imported.
"""

import ast
import hashlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from ablate.files import bounded

PACKAGE = __package__.partition(".")[0]
LARGEST = bounded.MIB  # bytes of a source file


class Importer:
    """A finder for `sys.meta_path`: imports modules of these names, and what their sources import, from a folder.

    It is the last finder, so that no module of a folder can shadow an installed package.

    Attributes:
        folders: {name of a top-level module: folder to find it in}.
    """

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a top-level module by its name; None if the name is not in `folders`, or there is no such module."""
        folder = self.folders.get(name) if path is None else None
        spec = PathFinder.find_spec(name, [folder]) if folder else None
        if folder and spec:
            for _, source in _files(spec):
                self.folders = dict.fromkeys(imported(source), folder) | self.folders
        return spec


_importer = Importer()


def make_importable(settings: Any) -> None:
    """Allow the modules that `_target_`s in nested settings name to be imported from the current folder."""
    add_folders({str(target).partition(".")[0]: os.getcwd() for target in targets(settings)})


def add_folders(folders: dict[str, str]) -> None:
    """Allow modules to be imported: {name of a top-level module: folder}. A name keeps its first folder."""
    _importer.folders = folders | _importer.folders
    if _importer not in sys.meta_path:
        sys.meta_path.append(_importer)


def importable() -> dict[str, str]:
    """Return the folders of all modules that may be imported, to pass them to another process."""
    return dict(_importer.folders)


def find(target: str) -> ModuleSpec | None:
    """Find the top-level module of a `_target_` without importing it; None if there is none."""
    root = target.partition(".")[0]
    if root in ("", "__main__"):  # code in a notebook, which no other process can import
        return None
    return importlib.util.find_spec(root) or PathFinder.find_spec(root, [os.getcwd()])


def sources(settings: Any) -> dict[str, bytes]:
    """Read the source of all modules that are named in nested settings and are not installed packages.

    Of a package, all `.py` files are read. Further imports of a module are not followed.

    Returns:
        The content of each file by its path, such as `my_model.py`.
    """
    roots = {str(target).partition(".")[0] for target in targets(settings)} - {PACKAGE}
    files = {}
    for root in sorted(roots):
        spec = find(root)
        for folder, path in _files(spec) if spec else ():
            files[path.relative_to(folder).as_posix()] = bounded.contents(path, LARGEST)
    return files


def hashes(settings: Any) -> dict[str, str]:
    """Return the SHA-256 of each file of `sources`."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sources(settings).items()}


def targets(node: Any) -> Iterator[Any]:
    """Yield every `_target_` in nested dicts and lists."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "_target_")
    for value in children(node):
        yield from targets(value)


def children(node: Any) -> list[Any]:
    """Return the values of a dict or a list; an empty list for anything else."""
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _files(spec: ModuleSpec) -> Iterator[tuple[Path, Path]]:
    """Yield (import folder, source file) of a module; nothing if it belongs to Python or an installed package."""
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))] or [Path(spec.origin or "")]
    root = (folders or paths)[0].parent
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if str(root) not in installed:
        yield from ((root, path) for path in paths if path.suffix == ".py")


def imported(path: Path) -> set[str]:
    """Return the top-level names of the modules that a source file imports; none if it is not valid Python."""
    try:
        tree = ast.parse(bounded.contents(path, LARGEST), str(path))
    except (SyntaxError, ValueError):  # importing it reports the error
        return set()
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in [*names, *(node.module or "" for node in froms)]}
