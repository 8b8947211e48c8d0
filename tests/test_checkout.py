"""A plain checkout, in an environment that has neither this package installed nor any that it can do without."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch

from ablate.commands.exit_status import DEPENDENCIES
from tests.processes import ROOT, SMALL, record

OPTIONAL = "hydra_ablate timm tensorboard wandb mlflow optuna onnx ray pypdf nbformat playwright safetensors"
REPORTING = "scipy pandas matplotlib statsmodels sklearn scikit_learn typst tabulate torchvision"  # not training
STUDY = ("-m", "study.name=s", "trainer.epochs=1", "trainer.threads=1", "model=mlp", "normalization=none,batch")


def environment(folder: Path, absent: str) -> Path:
    """The Python of a new environment with links to all packages that are installed here, the `absent` aside."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    names = re.compile("|".join(absent.split()))
    for entry in Path(torch.__file__).parents[1].iterdir():
        if entry.suffix != ".pth" and not names.match(entry.name.lower()):
            (site / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def ablate(python: Path, folder: Path, *words: str, path: Path | None = None) -> CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    settings |= {"OMP_NUM_THREADS": "1", **({"PYTHONPATH": str(path)} if path else {})}
    command = [python, "-m", "ablate.cli", *words]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("required"), OPTIONAL)


@pytest.mark.integration
def test_a_study_from_the_checkout(python: Path, tmp_path: Path) -> None:
    for name in ("ablate", "analysis", "conf", "hydra_plugins"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for words in (("train", *STUDY, *SMALL[:2]), ("report", "s")):
        ended = ablate(python, tmp_path, *words)
        assert ended.returncode == 0, ended.stderr
    environment = record(tmp_path / "outputs/s/baseline/seed=0")["environment"]
    assert environment["hydra-ablate"] is None and environment["torch"]
    assert (tmp_path / "outputs/s/report/report.pdf").exists()


def test_a_checkout_without_links(tmp_path: Path) -> None:
    """As git makes it on Windows: a link is a file with its target."""
    for name in ("ablate", "analysis", "conf", "hydra_plugins"):
        ignored = shutil.ignore_patterns("__pycache__", *(["analysis"] if name == "ablate" else []))
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "ablate/analysis").write_text("../analysis")
    code = "import importlib.util as u; print(u.find_spec('ablate.analysis.collect').origin)"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    printed = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(tmp_path / "analysis/collect.py")


def test_a_run_elsewhere_by_the_path(python: Path, tmp_path: Path) -> None:
    ended = ablate(python, tmp_path, "train", "model=mlp", "hydra.run.dir=one", *SMALL, path=ROOT)
    assert ended.returncode == 0, ended.stderr
    assert record(tmp_path / "one")["status"] == "completed"


@pytest.mark.integration
def test_a_study_elsewhere_by_the_path(python: Path, tmp_path: Path) -> None:
    ended = ablate(python, tmp_path, "train", *STUDY, *SMALL[:2], path=ROOT)
    assert ended.returncode == 0, ended.stderr
    assert record(tmp_path / "outputs/s/normalization=batch/seed=0")["status"] == "completed"


@pytest.mark.integration
def test_training_needs_none_of_the_packages_of_a_report(photo_folder: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "lean", f"{OPTIONAL} {REPORTING}")
    ended = ablate(python, tmp_path, "train", *STUDY, "data=image_folder", f"data.root={photo_folder}", path=ROOT)
    assert ended.returncode == 0, ended.stderr
    ended = ablate(python, tmp_path, "report", "s", path=ROOT)
    assert ended.returncode == 2
    assert re.fullmatch(r"This command needs the package \w+. Run: pip install \w+\n", ended.stderr)
    ended = ablate(python, tmp_path, "train", *SMALL, path=ROOT)
    assert ended.returncode == 2 and "scikit-learn" in ended.stderr and "Traceback" not in ended.stderr


def test_every_dependency_has_its_name_in_an_error() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split("[><=]", text)[0] for text in project["dependencies"]}
    assert set(DEPENDENCIES.values()) == names
