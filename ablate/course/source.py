"""The code that a run was made of: this package, the user's own modules, and the packages that both need."""

import ast
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from ablate.config import CONF
from ablate.config.user_code import targets as every_target
from ablate.runs import provenance
from ablate.terminal.errors import InputError

PACKAGES = ("ablate", "hydra_plugins/ablate_study")
BESIDE = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE")  # of a checkout: what it takes to install it


def package() -> dict[str, Path]:
    """The files of this package by their path below the folder it is imported from, its options in `conf/` too."""
    root = provenance.ROOT
    folders = [root / name for name in PACKAGES]
    if root / "conf" == CONF:  # a checkout
        folders += [CONF, *(root / name for name in BESIDE)]
    return {path.relative_to(root).as_posix(): path for folder in folders for path in _files(folder)}


def _files(place: Path) -> Iterator[Path]:
    """A file, or what is in a folder; nothing hidden, and nothing that Python compiled."""
    if place.is_file():
        yield place
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if not path.name.startswith(".") and path.name != "__pycache__":
            yield from _files(path)


def own(targets: Iterable[str]) -> tuple[dict[str, Path], list[str]]:
    """The files of the user's modules that `targets` name, and of those they import; and the packages all these need.

    Nothing is imported for it. A module is looked for where Python would, and in the folder this is called from.

    Raises:
        InputError: there is no such module.
    """
    files: dict[str, Path] = {}
    needed: list[str] = []
    wanted = {target.partition(".")[0]: target for target in targets}
    seen = {*sys.stdlib_module_names, *(Path(name).parts[0] for name in PACKAGES)} - {"__main__"}
    required = set(wanted)  # what these import may be for another machine, and is passed over where it is not here
    while names := sorted(wanted.keys() - seen):
        for name in names:
            seen.add(name)
            found = _module(name)
            if found is None and name in required:
                raise InputError(
                    f"The run is made of {wanted[name]}, but there is no file of a module {name} here. "
                    "Call this from the folder in which the study was run; what a notebook defines, put into a file."
                )
            if found is None:
                continue
            if any(found.is_relative_to(place) for place in installed()):
                needed.append(name)
                continue
            mine = {path.relative_to(found.parent).as_posix(): path for path in _files(found) if path.suffix == ".py"}
            files |= mine
            wanted |= {other: other for path in mine.values() for other in _imports(path)}
    return files, needed


def _module(name: str) -> Path | None:
    """The file of a module, or the folder of a package; None if there is none, or it is not of Python."""
    found = PathFinder.find_spec(name, [*sys.path, str(Path.cwd())])
    if found is None:
        return None
    if found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    return Path(found.origin) if found.has_location and found.origin else None


def installed() -> list[Path]:
    """The folders of packages that pip installed."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages(), *user]
    return [Path(path) for path in dict.fromkeys(paths)]


def _imports(path: Path) -> Iterator[str]:
    """First names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def requirements(modules: Sequence[str]) -> str:
    """requirements.txt: what this package needs, and what such modules are of, in the versions that are here."""
    try:
        asked = [Requirement(text) for text in requires("hydra-ablate") or []]
    except PackageNotFoundError:
        raise InputError("hydra-ablate is not installed: what it needs is not known. Run: pip install .") from None
    direct = [asking.name for asking in asked if asking.marker is None or asking.marker.evaluate({"extra": ""})]
    of = packages_distributions() if modules else {}  # reads of every package what it has
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in [*direct, *(of.get(one, [one])[0] for one in modules)]}
    # The part after + names a build for some hardware, which the package index does not have.
    return "".join(f"{name}=={version(name).partition('+')[0]}\n" for name in sorted(names))


def targets(settings: object) -> list[str]:
    """All that a configuration names to be called, and what an option of ours calls of timm."""
    named = [str(target) for target in every_target(settings)]
    return [*named, *("timm" for target in named if target.startswith("ablate.") and "timm" in target)]
