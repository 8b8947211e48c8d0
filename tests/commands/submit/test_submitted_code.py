"""The source files of a run: this package, the user's modules and what they import."""

import re
from importlib.metadata import version

import pytest

from ablate.commands.submit import submitted_code
from ablate.terminal.errors import InputError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with modules of a user that import each other, numpy and a missing module."""
    texts = {
        "mine.py": "import os, numpy as np\nfrom neighbor import block\nraise SystemExit\n",
        "neighbor.py": "import parts.deep\nimport mine\ntry:\n    import not_there\nexcept ImportError: ...\n",
        "parts/__init__.py": "",
        "parts/deep.py": "from . import __init__\n",
        "parts/notes.txt": "not code",
        "other.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_user_modules_are_found_without_running_them(here):
    files, packages = submitted_code.user_files(["mine.Net", "ablate.optimizer.sgd", "torch.nn.ReLU"])
    assert files == {name: here / name for name in ("mine.py", "neighbor.py", "parts/__init__.py", "parts/deep.py")}
    assert sorted(packages) == ["numpy", "torch"]


def test_a_missing_module_is_refused(here):
    for target in ("nowhere.Net", "__main__.Net"):
        with pytest.raises(InputError, match=f"The run uses {target}, but the module"):
            submitted_code.user_files([target])


def test_requirements_have_the_installed_versions():
    text = submitted_code.requirements(["timm", "PIL"])
    pins = dict(line.split("==") for line in text.splitlines())
    assert {"torch", "numpy", "hydra-core", "pillow", "timm"} <= set(pins) and "pytest" not in pins
    assert pins["torch"] == re.match(r"[\d.]+\d", version("torch"))[0] and pins["numpy"] == version("numpy")
    settings = {"model": {"_target_": "ablate.model.external.timm_model"}, "loss": [{"_target_": "a.b"}]}
    assert submitted_code.targets(settings) == ["ablate.model.external.timm_model", "a.b", "timm"]


def test_package_files_are_all_code_and_options():
    names = set(submitted_code.package_files())
    assert {
        "ablate/training/run.py",
        "ablate/analysis/report/templates/report.html",
        "conf/config.yaml",
        "pyproject.toml",
    } <= names
    assert {"hydra_plugins/ablate_study/__init__.py", "conf/hydra/launcher/local.yaml", "LICENSE"} <= names
    assert {name.split("/")[0] for name in names if "/" in name} == {"ablate", "conf", "hydra_plugins"}
    assert not any("__pycache__" in name or "/." in name for name in names)
