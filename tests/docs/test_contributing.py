"""The example in CONTRIBUTING works, the commit hooks pass offline, and CITATION.cff is up to date."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, apply_blocks, checkout


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
    environment["PRE_COMMIT_HOME"] = str(root / ".cache")
    return subprocess.run([sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.integration
def test_the_option_of_the_example_passes_the_tests_of_all_options(tmp_path):
    root = checkout(tmp_path / "ablate")
    assert apply_blocks(ROOT / "CONTRIBUTING.md", root) == 4
    tests = ["tests/test_activation.py", "tests/config/test_schema.py"]
    tests_run = python(root, "-m", "pytest", "-n0", "-q", *tests, "-k", "elu and not relu and not gelu")
    # Four tests: values, new module per call, composition, target.
    assert tests_run.returncode == 0 and re.search(r"^4 passed", tests_run.stdout, re.M), tests_run.stdout
    readme = root / "README.md"
    for expected, listed in ((1, "leaky_relu"), (0, "leaky_relu, elu")):  # before and after step 5
        readme.write_text(readme.read_text().replace("leaky_relu", listed))
        of_readme = python(root, "-m", "pytest", "-n0", "-q", "tests/docs/test_readme.py")
        assert of_readme.returncode == expected, of_readme.stdout
    linted = python(root, "-m", "ruff", "check", "ablate", "tests")
    assert linted.returncode == 0, linted.stdout


def test_commit_hooks_run_offline_and_pass(tmp_path):
    root = checkout(tmp_path / "ablate")
    shutil.rmtree(root / ".venv")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for arguments in (["init", "-q"], ["add", "-A"]):
        subprocess.run([*git, *arguments], cwd=root, check=True)
    hooks = python(root, "-m", "pre_commit", "run", "--all-files")
    assert hooks.returncode == 0, hooks.stdout + hooks.stderr
    assert hooks.stdout.count("Passed") == len(
        yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    )


def test_the_citation_has_the_current_version_and_license():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["cff-version"] == "1.2.0" and cited["message"] and cited["title"] and cited["authors"]
