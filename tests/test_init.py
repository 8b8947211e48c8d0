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
MODULES = "ablate.train, ablate.test, ablate.diff, ablate.reproduce, ablate.look.verb, ablate.predict, ablate.submit"


def python(code: str) -> str:
    """What a fresh Python prints that runs this code."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_the_package_imports_no_library():
    loaded = python("import ablate, sys; dir(ablate); print(*sys.modules)").split()
    assert not {"torch", "hydra", "omegaconf", "pandas", "numpy", "matplotlib", "ablate.api"}.intersection(loaded)
    loaded = python("import sys; from ablate import train, Study; print(*sys.modules)").split()
    assert not {"torch", "pandas", "matplotlib", "analysis"}.intersection(loaded)


@pytest.mark.parametrize("before", ["", f"import {MODULES};"])
def test_a_verb_is_a_function_whichever_modules_are_imported(before):
    ask = f"{before}import ablate; print(*(type(getattr(ablate, name)).__name__ for name in {VERBS}))"
    assert python(ask).split() == ["function"] * len(VERBS)


def test_the_modules_of_these_names_are_imported_as_any():
    ask = "from ablate.train import cli; from ablate.test import main; from ablate import record, train, compare;"
    said = python(f"{ask} print(cli.__module__, main.__module__, record.__name__, train.__module__, compare.__name__)")
    assert said.split() == ["ablate.train", "ablate.test", "ablate.record", "ablate.api", "ablate.compare"]


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'trian'"):
        _ = ablate.trian
    assert set(ablate.__all__) <= set(dir(ablate)) and set(VERBS) < set(ablate.__all__)


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return found


def test_arrows_go_one_way():
    files = [path for room in ("ablate", "analysis") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 80
    for path in files:
        place = path.relative_to(ROOT).as_posix()
        uses = imported(path)
        door = place in ("ablate/__init__.py", "ablate/cli.py") or place.startswith("ablate/api/")
        if not door:
            assert not {"ablate.api", "ablate.cli"} & uses, place
        if place.startswith("ablate/") and not door:
            assert not any(name.split(".")[0] == "analysis" for name in uses), place
        if place.startswith("analysis/"):
            assert not {"ablate.train", "ablate.engine"} & uses, place
