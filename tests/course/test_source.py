"""Which files a run was made of: this package's, and the user's own with what they import."""

import re
from importlib.metadata import version

import pytest

from ablate.course import source
from ablate.terminal.errors import InputError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A user's folder: a module that imports one beside it, a package, the library numpy, and what is not there."""
    texts = {
        "mine.py": "import os, numpy as np\nfrom beside import block\nraise SystemExit\n",
        "beside.py": "import parts.deep\nimport mine\ntry:\n    import not_there\nexcept ImportError: ...\n",
        "parts/__init__.py": "",
        "parts/deep.py": "from . import __init__\n",
        "parts/notes.txt": "no code",
        "other.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_users_modules_are_found_and_not_run(here):
    files, needed = source.own(["mine.Net", "ablate.optimizer.sgd", "torch.nn.ReLU"])
    assert files == {name: here / name for name in ("mine.py", "beside.py", "parts/__init__.py", "parts/deep.py")}
    assert sorted(needed) == ["numpy", "torch"]


def test_a_module_that_is_not_there_is_named(here):
    for target in ("nowhere.Net", "__main__.Net"):
        with pytest.raises(InputError, match=f"made of {target}, but there is no file"):
            source.own([target])


def test_what_is_installed_is_needed_in_its_version():
    written = source.requirements(["timm", "PIL"])
    pins = dict(line.split("==") for line in written.splitlines())
    assert {"torch", "numpy", "hydra-core", "pillow", "timm"} <= set(pins) and "pytest" not in pins
    assert pins["torch"] == re.match(r"[\d.]+\d", version("torch"))[0] and pins["numpy"] == version("numpy")
    settings = {"model": {"_target_": "ablate.model.external.timm_model"}, "loss": [{"_target_": "a.b"}]}
    assert source.targets(settings) == ["ablate.model.external.timm_model", "a.b", "timm"]


def test_the_package_is_all_of_its_code_and_options_and_nothing_else():
    names = set(source.package())
    assert {
        "ablate/training/run.py",
        "ablate/analysis/report/templates/report.html",
        "conf/config.yaml",
        "pyproject.toml",
    } <= names
    assert {"hydra_plugins/ablate_study/__init__.py", "conf/hydra/launcher/local.yaml", "LICENSE"} <= names
    assert {name.split("/")[0] for name in names if "/" in name} == {"ablate", "conf", "hydra_plugins"}
    assert not any("__pycache__" in name or "/." in name for name in names)
