"""User code: `model._target_=my_model.Net` names the class `Net` in `my_model.py` in the current folder.

Its source is hashed with the configuration and saved with the run. The current folder is not on Python's search path: a
file in it that no configuration names, such as `triton.py`, is never imported.
"""

import ast
import hashlib
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from ablate.files import bounded
from ablate.files.python_files import python_files

PACKAGE = __package__.partition(".")[0]
LARGEST = bounded.MIB  # bytes of a source file


class Importer:
    """A finder for `sys.meta_path`: imports modules of these names from the current folder, and what they import.

    It is the last finder, so that no file in the folder can shadow an installed package.

    Attributes:
        names: names of top-level modules.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a top-level module by its name; None if it is not one of `names`, or there is no such module."""
        is_named = path is None and name in self.names
        spec = PathFinder.find_spec(name, [os.getcwd()]) if is_named else None
        for _, source in _files(spec) if spec else ():
            self.names |= imported(source)
        return spec


_importer = Importer()


def make_importable(settings: Any) -> None:
    """Allow the modules that `_target_`s in nested settings name to be imported from the current folder."""
    allow(str(target).partition(".")[0] for target in targets(settings))


def allow(names: Iterable[str]) -> None:
    """Allow top-level modules of these names to be imported from the current folder."""
    _importer.names.update(names)
    if _importer not in sys.meta_path:
        sys.meta_path.append(_importer)


def importable() -> set[str]:
    """Return the names of all modules that may be imported, to pass them to another process."""
    return set(_importer.names)


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
    paths = [path for folder in folders for path in python_files(folder)] or [Path(spec.origin or "")]
    root = (folders or paths)[0].parent
    if root not in {*site_packages(), *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))}:
        yield from ((root, path) for path in paths if path.suffix == ".py")


def site_packages() -> list[Path]:
    """The folders of installed packages: of this environment, of the user, and on the search path (PYTHONPATH)."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    on_path = [folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages")]
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages(), *user, *on_path]
    return [Path(path) for path in dict.fromkeys(paths)]


def imported(path: Path) -> set[str]:
    """Return the top-level names of the modules that a source file imports; none if it is not valid Python."""
    try:
        tree = ast.parse(bounded.contents(path, LARGEST), str(path))
    except (SyntaxError, ValueError):  # importing it reports the error
        return set()
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in [*names, *(node.module or "" for node in froms)]}
