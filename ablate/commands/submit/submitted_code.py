"""The source code of a run: this package, the user's own modules, and the packages that both require."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from ablate.config import CONF
from ablate.config.user_code import imported, site_packages
from ablate.config.user_code import targets as target_names
from ablate.runs import provenance
from ablate.terminal.errors import InputError

PACKAGES = ("ablate", "hydra_plugins/ablate_study")
INSTALL_FILES = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE")  # needed to install a checkout


def package_files() -> dict[str, Path]:
    """The files of this package and its `conf/`: {path relative to the import folder: path}."""
    root = provenance.ROOT
    folders = [root / name for name in PACKAGES]
    if root / "conf" == CONF:  # true in a checkout; in a wheel, conf is part of the package
        folders += [CONF, *(root / name for name in INSTALL_FILES)]
    return {path.relative_to(root).as_posix(): path for folder in folders for path in _files(folder)}


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or all files in a folder except hidden ones and bytecode."""
    if path.is_file():
        yield path
    for child in sorted(path.iterdir()) if path.is_dir() else ():
        if not child.name.startswith(".") and child.name != "__pycache__":
            yield from _files(child)


def user_files(targets: Iterable[str]) -> tuple[dict[str, Path], list[str]]:
    """Find the user's modules that a configuration calls, and all modules that these import. Nothing is imported.

    Modules are searched on Python's path and in the working folder.

    Args:
        targets: dotted names, such as `my_model.Net`.

    Returns:
        The files of the user's modules, {relative path: path}, and the installed packages that they import.

    Raises:
        InputError: the module of a target does not exist.
    """
    files: dict[str, Path] = {}
    packages: list[str] = []
    target_of = {target.partition(".")[0]: target for target in targets}
    pending = set(target_of)
    seen = {*sys.stdlib_module_names, *(Path(name).parts[0] for name in PACKAGES)} - {"__main__"}
    while names := sorted(pending - seen):
        for name in names:
            seen.add(name)
            location = _find_module(name)
            if location is None and name in target_of:
                raise InputError(
                    f"The run uses {target_of[name]}, but the module {name} was not found. Run the command in the"
                    " folder in which the study was run; move code that is defined in a notebook into a file."
                )
            if location is None:  # an optional import that is not installed here
                continue
            if any(location.is_relative_to(folder) for folder in site_packages()):
                packages.append(name)
                continue
            sources = [path for path in _files(location) if path.suffix == ".py"]
            files |= {path.relative_to(location.parent).as_posix(): path for path in sources}
            pending |= {name for path in sources for name in imported(path)}
    return files, packages


def _find_module(name: str) -> Path | None:
    """The file of a module, or the folder of a package; None if it does not exist or is not written in Python."""
    spec = PathFinder.find_spec(name, [*sys.path, str(Path.cwd())])
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.has_location and spec.origin else None


def requirements(modules: Sequence[str]) -> str:
    """Return the content of requirements.txt, with the installed versions.

    Args:
        modules: imported modules whose packages are added to the dependencies of this package.

    Raises:
        InputError: this package is not installed, so that its dependencies are unknown.
    """
    try:
        dependencies = [Requirement(text) for text in requires("hydra-ablate") or []]
    except PackageNotFoundError:
        raise InputError("hydra-ablate is not installed, so its requirements are unknown. Run: pip install .") from None
    names = [one.name for one in dependencies if one.marker is None or one.marker.evaluate({"extra": ""})]
    packages_of = packages_distributions() if modules else {}  # slow: reads the metadata of every package
    names += [packages_of.get(module, [module])[0] for module in modules]
    normalized = {re.sub(r"[-_.]+", "-", name).lower() for name in names}
    # A local version such as +cpu does not exist on the package index.
    return "".join(f"{name}=={version(name).partition('+')[0]}\n" for name in sorted(normalized))


def targets(settings: object) -> list[str]:
    """All targets in a configuration; also timm, which a target of this package may import."""
    names = [str(target) for target in target_names(settings)]
    return [*names, *("timm" for name in names if name.startswith("ablate.") and "timm" in name)]
