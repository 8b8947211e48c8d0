"""CONTRIBUTING's example is a real change, and the files for those who cite or commit are right."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, checkout, put


def python(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(place), "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
    settings["PRE_COMMIT_HOME"] = str(place / ".cache")
    return subprocess.run([sys.executable, *words], cwd=place, env=settings, capture_output=True, text=True)


@pytest.mark.integration
def test_the_option_that_it_adds_passes_the_tests_that_visit_every_option(tmp_path):
    place = checkout(tmp_path / "ablate")
    assert put(ROOT / "CONTRIBUTING.md", place) == 4
    tests = ["tests/test_activation.py", "tests/config/test_schema.py"]
    tested = python(place, "-m", "pytest", "-n0", "-q", *tests, "-k", "elu and not relu and not gelu")
    # Its values, that each module is fresh, that it composes, that its target is found.
    assert tested.returncode == 0 and re.search(r"^4 passed", tested.stdout, re.M), tested.stdout
    linted = python(place, "-m", "ruff", "check", "ablate", "tests")
    assert linted.returncode == 0, linted.stdout


def test_a_commit_is_checked_offline_and_this_checkout_passes(tmp_path):
    place = checkout(tmp_path / "ablate")
    shutil.rmtree(place / ".venv")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run([*git, *words], cwd=place, check=True)
    ran = python(place, "-m", "pre_commit", "run", "--all-files")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("Passed") == len(
        yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    )


def test_the_citation_names_this_version_and_licence():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["cff-version"] == "1.2.0" and cited["message"] and cited["title"] and cited["authors"]
