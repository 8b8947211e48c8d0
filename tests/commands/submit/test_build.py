"""The archive of a submission, from the student's command to the grader's, and refused input."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import torch

from ablate.commands.submit import archive, rules
from ablate.commands.submit.build import check_id, main
from ablate.commands.submit.gather import Options, add_report, gather, select
from ablate.files import atomic
from ablate.runs import run_record
from ablate.terminal.errors import InputError
from tests.processes import ROOT, SMALL, ablate, alone
from tests.submission import blank, refused

USER_MODEL = '''
"""See /work/notes; by the author."""
from torch import nn
from layers import block


class Net(nn.Module):
    def __init__(self, classes, channels, image_size, normalization, activation):
        super().__init__()
        self.body = nn.Sequential(block(channels, 8), nn.Flatten(), nn.Linear(8 * image_size**2, classes))

    def forward(self, images):
        return self.body(images)
'''
USER_LAYERS = (
    "from torch import nn\n\n\ndef block(i, o):\n    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU())\n"
)


def run_readme_command(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the README's verify command in a shell, in a clean environment."""
    block = re.search(r"```\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    install, command = block.splitlines()
    assert install == "python -m pip install -r code/requirements.txt" and (folder / "code/requirements.txt").exists()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.integration
def test_a_grader_can_verify_the_archive(here, tmp_path):
    ended = ablate(here, "submit", "s", "--id", "s123")
    assert ended.returncode == 0, ended.stderr
    archive_bytes = (here / "s123.zip").read_bytes()
    folder = tmp_path / "un packed"
    with zipfile.ZipFile(here / "s123.zip") as unpacked:
        names = {name for name in unpacked.namelist() if not name.startswith("code/")}
        unpacked.extractall(folder)
    run_files = {"run.json", ".hydra/config.yaml", "test.json", "model.pt"}
    assert names == {"report.pdf", "Assignment_1.ipynb", "README.md", *run_files}
    runs = {run: run_record.read(run).val_accuracy for run in (here / "outputs/s/baseline").glob("seed*")}
    best = max(runs, key=runs.get)  # lr=0.1 learns, lr=0.0001 does not
    assert (folder / "model.pt").read_bytes() == (best / "model.pt").read_bytes()
    recorded = f"{100 * runs[best]:.2f} %"
    tested = f"{100 * json.loads((best / 'test.json').read_text())['accuracy']:.2f} %"
    readme = (folder / "README.md").read_text()
    assert f"Validation accuracy {recorded}, test accuracy {tested}." in readme and best.name[5:] in readme
    assert f"validation accuracy {recorded} of 288 images, as recorded" in ended.stdout
    assert f"test accuracy {tested} of 360 images, as recorded" in ended.stdout
    assert re.search("[12] pages? of at most 2", ended.stdout) and "unchanged since the run" in ended.stdout
    graded = run_readme_command(folder, tmp_path)
    assert graded.returncode == 0, graded.stderr
    assert graded.stdout.splitlines() == [line.strip() for line in ended.stdout.splitlines() if "as recorded" in line]

    limits = rules.read("assignment", "s123")
    again = gather(select(Path("outputs/s")), limits, Options("s123"))
    add_report(again, Path("outputs/s/report/report.pdf"), limits)
    assert archive.pack(again.members) == archive_bytes
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


@pytest.mark.integration
def test_user_code_is_submitted_and_a_missing_module_fails_the_check(photo_folder, here, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    images = shutil.copytree(photo_folder, tmp_path / "photos")
    (here / "mine.py").write_text(USER_MODEL)
    (here / "layers.py").write_text(USER_LAYERS)
    blank(Path("own.pdf"), 1)
    root = Path(f"{ROOT}:{here}")
    words = ("data=image_folder", f"data.root={images}", "model._target_=mine.Net", *SMALL[2:])
    assert alone(here, "train", "-m", "study.name=o", *words, root=root).returncode == 0
    command = ["o", "--id", "s1", "--report", "own.pdf"]
    with pytest.raises(InputError, match="calls 'mine.Net', .* Use --trust"):
        main(command)
    assert main([*command, "--trust"]) == 0
    assert "your own code: layers.py, mine.py" in capsys.readouterr().out
    with zipfile.ZipFile(here / "s1.zip") as unpacked:
        unpacked.extractall(tmp_path / "un")
    for name in ("README.md", "run.json", ".hydra/config.yaml", "Assignment_1.ipynb"):
        assert str(tmp_path) not in (tmp_path / "un" / name).read_text(), name
    readme = tmp_path / "un/README.md"
    assert "verify .. --data-root FOLDER --trust" in readme.read_text()
    readme.write_text(readme.read_text().replace("FOLDER --trust", f"{images} --trust"))
    graded = run_readme_command(tmp_path / "un", here)
    assert graded.returncode == 0 and "of 12 images, as recorded" in graded.stdout, graded.stderr

    # A dynamic import cannot be found by reading the code; and a comment contains a home path.
    late = "import importlib\nblock = importlib.import_module('lay' + 'ers').block"
    (here / "mine.py").write_text(USER_MODEL.replace("from layers import block", late).replace("/work/", "/home/ada/"))
    (here / "s1.zip").unlink()
    assert main([*command, "--trust"]) == 1
    message = capsys.readouterr().err
    assert "No module named 'layers'" in message and "Traceback" not in message
    assert "code/mine.py contains the path of a home" in message and "s1.zip was not written" in message
    assert not [*here.glob("*.zip")]


def test_weights_without_the_recorded_accuracy_fail_the_check(here, capsys):
    (here / "s123.zip").write_text("an earlier archive")
    for path in (here / "outputs/s/baseline").rglob("model.pt"):
        weights = torch.load(path, weights_only=True)
        torch.save({name: -value for name, value in weights.items()}, path)
    assert main(["s", "--id", "s123"]) == 1
    assert "Verification failed: validation accuracy" in capsys.readouterr().err
    assert (here / "s123.zip").read_text() == "an earlier archive"


@pytest.mark.integration
def test_an_outdated_report_is_regenerated(here, capsys):
    shutil.rmtree("outputs/s/report")
    assert main(["s", "--id", "s123"]) == 0
    output = capsys.readouterr().out
    assert "outputs/s has no report: regenerating it." in output
    with zipfile.ZipFile("s123.zip") as packed:
        assert packed.read("report.pdf") == Path("outputs/s/report/report.pdf").read_bytes()


@pytest.mark.integration
def test_large_weights_are_linked_and_code_changes_reported(here, capsys):
    default_rules = (ROOT / "conf/submission/assignment.yaml").read_text()
    Path("rules.yaml").write_text(default_rules.replace("max_checkpoint_mb: 30", "max_checkpoint_mb: 0.5"))
    options = ("--submission", "rules.yaml")
    assert "the limit is 0.5 MB. Upload it and pass its address with --link URL." in refused(*options)
    for link in (
        "model.pt",
        "ftp://a/b",
        "https://",
        "http://[",
        "https://a/b c",
        "javascript:alert(1)",
        "https://a/`b`",
    ):
        assert "is not a web address" in refused(*options, "--link", link)
    for path in Path("outputs/s/baseline").rglob("run.json"):
        atomic.write_json(path, {**json.loads(path.read_text()), "code_sha256": "0" * 64, "git": None})
    address = "https://example.org/model.pt?download=1"
    assert main(["s", "--id", "s123", *options, "--link", address]) == 0
    assert "the link was not checked" in (output := capsys.readouterr().out) and ", changed since the run" in output
    with zipfile.ZipFile("s123.zip") as unpacked:
        assert unpacked.read("model_link.txt").decode() == f"{address}\n" and "model.pt" not in unpacked.namelist()
        readme = unpacked.read("README.md").decode()
    assert f"after downloading `model.pt` into it from {address}" in readme
    assert "The code of `ablate` has changed since the run." in readme


@pytest.mark.parametrize("student", ["", ".hidden", "../s123", "a/b", "a\\b", "a b", "-x", "é", "a" * 65, "a\n"])
def test_an_invalid_student_id_is_refused(student):
    with pytest.raises(InputError, match="use 1 to 64 letters, digits"):
        check_id(student)


@pytest.mark.parametrize("student", ["s123456", "20-123-456", "a.b_c", "7", "a" * 64])
def test_a_valid_student_id(student):
    assert check_id(student) == student


def test_invalid_input_exits_with_status_2(here):
    for arguments, message in (
        (("s", "--id", "a/b"), "--id 'a/b' is not valid"),
        (("t", "--id", "s123"), "t is not a study"),
        (("s", "--id", "s123", "--submission", "none"), "not a file and not one of assignment"),
        (("s",), "the following arguments are required: --id"),
    ):
        ended = ablate(here, "submit", *arguments)
        assert ended.returncode == 2 and message in ended.stderr and "Traceback" not in ended.stderr
        assert ended.stdout == "" and not [*here.glob("*.zip")]


def test_the_requirements_are_an_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pins = (ROOT / "constraints.txt").read_text()
    for package in ("pypdf", "nbformat", "packaging"):
        assert any(name.startswith(package) for name in extras["submit"]) and f"\n{package}==" in pins
