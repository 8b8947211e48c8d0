"""The package itself: cheap to import, verbs that are functions, and arrows that go one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ablate
from tests.processes import ENVIRONMENT, ROOT

VERBS = ("train", "plan", "look", "status", "watch", "report", "test", "predict", "export", "reproduce", "diff",
         "submit")  # fmt: skip
MODULES = "ablate.commands.train, ablate.commands.test, ablate.commands.diff, ablate.commands.reproduce, ablate.api"


def python(code: str) -> str:
    """What a fresh Python prints that runs this code."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_the_package_imports_no_library():
    loaded = python("import ablate, sys; dir(ablate); print(*sys.modules)").split()
    assert not {"torch", "hydra", "omegaconf", "pandas", "numpy", "matplotlib", "ablate.api"}.intersection(loaded)
    loaded = python("import sys; from ablate import train, Study; print(*sys.modules)").split()
    assert not {"torch", "pandas", "matplotlib", "analysis"}.intersection(loaded)


@pytest.mark.parametrize("folder", ["ablate", "analysis"])
def test_the_map_of_a_package_names_all_its_parts(folder):
    docstring = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text())) or ""
    parts = [path for path in (ROOT / folder).iterdir() if path.is_dir() or path.suffix == ".py"]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in parts if path.name[0] not in "._"}
    assert names and not {name for name in names if f"`{name}`" not in docstring}


def test_composing_a_configuration_imports_neither_pytorch_nor_rich():
    loaded = python("import ablate.commands.train, sys; print(*sys.modules)").split()
    assert "hydra" in loaded and not {"torch", "numpy", "rich"} & set(loaded)


@pytest.mark.integration
def test_a_plan_loads_no_plotting_library():  # whose messages about fonts would be in the log of an app
    assert "matplotlib" not in python("import ablate.analysis.study_power, sys; print(*sys.modules)").split()


@pytest.mark.parametrize("before", ["", f"import {MODULES};"])
def test_a_verb_is_a_function_whichever_modules_are_imported(before):
    ask = f"{before}import ablate; print(*(type(getattr(ablate, name)).__name__ for name in {VERBS}))"
    assert python(ask).split() == ["function"] * len(VERBS)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'trian'"):
        _ = ablate.trian
    assert set(ablate.__all__) <= set(dir(ablate)) and set(VERBS) < set(ablate.__all__)


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules.update(names if node.module == "ablate" else [node.module])
    return modules


# Each imports only from those before it; the order in which a reader meets them is the other way round.
ROOMS = [
    *("terminal", "files", "backend", "config"),
    *("activation", "normalization", "loss", "schedule", "data", "augmentation", "model", "optimizer"),
    *("runs", "logger", "evaluation", "training", "study", "analysis", "commands", "api", "cli"),
]


def room(module: str) -> str:
    """The room of a module of this package: `ablate.data.split` is in `data`."""
    return module.split(".")[1] if "." in module else "ablate"


def test_arrows_go_one_way():
    files = [path for folder in ("ablate", "analysis") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 80
    for path in files:
        module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        place = room(module if module.startswith("ablate.") else f"ablate.{module}")
        if place != "__init__":
            rooms = {room(name) for name in imported(path) if name.startswith("ablate.")} - {place}
            above = {other for other in rooms if ROOMS.index(other) > ROOMS.index(place)}
            assert not above, f"{module} imports from {above}"
