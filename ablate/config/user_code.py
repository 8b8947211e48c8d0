"""Parts of the user's own: `model._target_=my_model.Net` names `Net` in `my_model.py`, in the folder they work in.

Their source counts as what is trained: it is hashed with the configuration, and kept with the run.
"""

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
KEPT = bounded.MIB  # bytes of a file


def search() -> None:
    """Have Python look into this folder too; last of all, so that nothing in it is taken for a package's."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)


def find(target: str) -> ModuleSpec | None:
    """The file, or the folder, of a `_target_`'s outermost module; nothing is imported. None if there is none."""
    root = target.partition(".")[0]
    if root in ("", "__main__"):  # a notebook's own cells, which no other process can import
        return None
    return importlib.util.find_spec(root) or PathFinder.find_spec(root, [os.getcwd()])


def sources(settings: Any) -> dict[str, bytes]:
    """{my_model.py: its content} of the modules that nested settings name and that are not installed packages.

    Of a folder all `.py` in it; what a module imports in its turn is not followed.
    """
    roots = {str(target).partition(".")[0] for target in targets(settings)} - {PACKAGE}
    found = {}
    for root in sorted(roots):
        spec = find(root)
        for folder, path in _files(spec) if spec else ():
            found[path.relative_to(folder).as_posix()] = bounded.contents(path, KEPT)
    return found


def hashes(settings: Any) -> dict[str, str]:
    """SHA-256 of each of these."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sources(settings).items()}


def targets(node: Any) -> Iterator[Any]:
    """Every `_target_` in nested mappings and lists."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "_target_")
    for value in children(node):
        yield from targets(value)


def children(node: Any) -> list[Any]:
    """What a mapping or a list holds."""
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _files(spec: ModuleSpec) -> Iterator[tuple[Path, Path]]:
    """(folder that the module is imported from, source file); none of what Python or pip has installed."""
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    paths = [path for place in places for path in sorted(place.rglob("*.py"))] or [Path(spec.origin or "")]
    folder = (places or paths)[0].parent
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if str(folder) not in installed:
        yield from ((folder, path) for path in paths if path.suffix == ".py")
