"""What a built wheel installs: all three packages and `conf/`, in use far from the checkout."""

import json
import os
import re
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
PAGE = {".html", ".css", ".js"}  # parts of report.html


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("dist"))


def built(checkout: Path, folder: Path) -> Path:
    """The wheel of a checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, checkout]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("hydra_ablate-*.whl")
    return path


def test_a_wheel_holds_the_code_and_the_options_and_nothing_else(wheel):
    inside = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    code = {
        path.relative_to(ROOT).as_posix()
        for package in ("ablate", "hydra_plugins")
        for path in (ROOT / package).rglob("*.py")
    }
    code |= {f"ablate/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "analysis").rglob("*.py")}
    options = {f"ablate/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "conf").rglob("*.yaml")}
    folder = ROOT / "analysis/report/templates"
    templates = {f"ablate/{path.relative_to(ROOT).as_posix()}" for path in folder.iterdir() if path.suffix in PAGE}
    assert "ablate/conf/config.yaml" in options and inside == code | options | templates


@pytest.mark.integration
def test_a_checkout_without_links_builds_the_same_wheel(wheel, tmp_path):
    """As git makes it on Windows, where a link is a file with its target."""
    copy = tmp_path / "copy"
    command = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    (copy / "ablate/analysis").write_text("../analysis")
    assert set(ZipFile(built(copy, tmp_path)).namelist()) == set(ZipFile(wheel).namelist())


def test_the_description_on_pypi_has_only_links_that_work_there(wheel):
    (name,) = (name for name in ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(ZipFile(wheel).read(name))
    html = MarkdownIt("commonmark").enable("table").render(str(metadata.get_payload()))
    links = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert metadata["Description-Content-Type"] == "text/markdown" and "ablate report parts" in html
    assert links and all(link.startswith("https://") for link in links), links
    assert "](" not in html and "([" not in html, "a link that was only partly removed"


@pytest.mark.integration
def test_an_installed_wheel_trains_a_study_and_reports_it_beside_a_users_own_analysis(wheel, tmp_path):
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run(install, check=True)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "analysis").mkdir(parents=True)
    (elsewhere / "analysis/__init__.py").write_text("raise ImportError('the analysis of somebody else')")
    environment = {**os.environ, "PYTHONPATH": f".{os.pathsep}{site}", "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"}
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"ablate", "bin", "hydra_plugins"}

    def ablate(*words: str) -> None:
        command = [sys.executable, site / "bin" / "ablate", *words]
        subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True)

    ablate("train", "-m", "study.name=s", "data=digits", "trainer.epochs=1", "model=mlp", "normalization=none,batch")
    ablate("report", "s")
    run = json.loads((elsewhere / "outputs/s/baseline/seed=0/run.json").read_text())
    assert run["status"] == "completed" and run["git"] is None
    config = (elsewhere / "outputs/s/baseline/seed=0/.hydra/hydra.yaml").read_text()
    assert str(site / "ablate" / "conf") in config and str(ROOT) not in config
    assert (elsewhere / "outputs/s/report/effects.csv").exists()
