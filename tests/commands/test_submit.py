"""The archive to hand in, from a student's command to a grader's; and what is refused, in a sentence."""

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

from ablate.commands.submit import check_id, main
from ablate.course import archive, rules
from ablate.course.contents import Options, gather
from ablate.files import atomic
from ablate.runs import run_record
from ablate.terminal.errors import InputError
from tests.handing_in import blank, refused
from tests.processes import ROOT, SMALL, ablate, alone

MINE = '''
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
LAYERS = (
    "from torch import nn\n\n\ndef block(i, o):\n    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU())\n"
)


def graders(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The README's command, as somebody else gives it to a shell, after the environment was made with pip."""
    block = re.search(r"```\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    install, command = block.splitlines()
    assert install == "python -m pip install -r code/requirements.txt" and (folder / "code/requirements.txt").exists()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


def test_an_archive_is_built_and_a_grader_verifies_it(here, tmp_path):
    ended = ablate(here, "submit", "s", "--id", "s123")
    assert ended.returncode == 0, ended.stderr
    kept = (here / "s123.zip").read_bytes()
    folder = tmp_path / "un packed"
    with zipfile.ZipFile(here / "s123.zip") as unpacked:
        names = {name for name in unpacked.namelist() if not name.startswith("code/")}
        unpacked.extractall(folder)
    own = {"run.json", ".hydra/config.yaml", "test.json", "model.pt"}
    assert names == {"report.pdf", "notebook.ipynb", "README.md", *own}
    runs = {run: run_record.read(run).val_accuracy for run in (here / "outputs/s/baseline").glob("seed*")}
    best = max(runs, key=runs.get)  # lr=0.1 learns, lr=0.0001 does not
    assert (folder / "model.pt").read_bytes() == (best / "model.pt").read_bytes()
    stated = f"{100 * runs[best]:.2f} %"
    tested = f"{100 * json.loads((best / 'test.json').read_text())['accuracy']:.2f} %"
    told = (folder / "README.md").read_text()
    assert f"Validation accuracy {stated}, test accuracy {tested}." in told and best.name[5:] in told
    assert f"validation accuracy {stated} of 288 images, as stated" in ended.stdout
    assert f"test accuracy {tested} of 360 images, as stated" in ended.stdout
    assert re.search("[12] pages? of at most 2", ended.stdout) and "as it was for the run" in ended.stdout
    found = graders(folder, tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == [line.strip() for line in ended.stdout.splitlines() if "as stated" in line]

    again = gather(Path("outputs/s"), rules.read("assignment", "s123"), Options("s123"))
    assert archive.pack(again.members) == kept
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


@pytest.mark.integration
def test_own_code_and_own_images_go_along_and_what_is_missing_is_named(
    photo_folder, here, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("HOME", str(tmp_path))
    images = shutil.copytree(photo_folder, tmp_path / "photos")
    (here / "mine.py").write_text(MINE)
    (here / "layers.py").write_text(LAYERS)
    blank(Path("own.pdf"), 1)
    root = Path(f"{ROOT}:{here}")
    words = ("data=image_folder", f"data.root={images}", "model._target_=mine.Net", *SMALL[2:])
    assert alone(here, "train", "-m", "study.name=o", *words, root=root).returncode == 0
    command = ["o", "--id", "s1", "--report", "own.pdf"]
    with pytest.raises(InputError, match="calls 'mine.Net': .* say --trust"):
        main(command)
    assert main([*command, "--trust"]) == 0
    assert "your own layers.py, mine.py" in capsys.readouterr().out
    with zipfile.ZipFile(here / "s1.zip") as unpacked:
        unpacked.extractall(tmp_path / "un")
    for name in ("README.md", "run.json", ".hydra/config.yaml", "notebook.ipynb"):
        assert str(tmp_path) not in (tmp_path / "un" / name).read_text(), name
    readme = tmp_path / "un/README.md"
    assert "verify .. --data-root FOLDER --trust" in readme.read_text()
    readme.write_text(readme.read_text().replace("FOLDER --trust", f"{images} --trust"))
    found = graders(tmp_path / "un", here)
    assert found.returncode == 0 and "of 12 images, as stated" in found.stdout, found.stderr

    # Now a module is imported by a name that no reader of the code can see; and the code tells where somebody lives.
    late = "import importlib\nblock = importlib.import_module('lay' + 'ers').block"
    (here / "mine.py").write_text(MINE.replace("from layers import block", late).replace("/work/", "/home/ada/"))
    (here / "s1.zip").unlink()
    assert main([*command, "--trust"]) == 1
    said = capsys.readouterr().err
    assert "No module named 'layers'" in said and "Traceback" not in said
    assert "code/mine.py names a home folder" in said and "s1.zip was not written" in said
    assert not [*here.glob("*.zip")]


def test_weights_without_the_stated_accuracy_are_told(here, capsys):
    (here / "s123.zip").write_text("an earlier one")
    for path in (here / "outputs/s/baseline").rglob("model.pt"):
        weights = torch.load(path, weights_only=True)
        torch.save({name: -value for name, value in weights.items()}, path)
    assert main(["s", "--id", "s123"]) == 1
    assert "does not hold what it states: validation accuracy" in capsys.readouterr().err
    assert (here / "s123.zip").read_text() == "an earlier one"


def test_large_weights_are_linked_to_and_a_change_of_code_is_said(here, capsys):
    own_rules = (ROOT / "conf/submission/assignment.yaml").read_text()
    Path("own.yaml").write_text(own_rules.replace("max_checkpoint_mb: 30", "max_checkpoint_mb: 0.5"))
    own = ("--submission", "own.yaml")
    assert "at most 0.5 MB are handed in. Upload it, and say where it is: --link URL." in refused(*own)
    for link in (
        "model.pt",
        "ftp://a/b",
        "https://",
        "http://[",
        "https://a/b c",
        "javascript:alert(1)",
        "https://a/`b`",
    ):
        assert "is no address on the web" in refused(*own, "--link", link)
    for path in Path("outputs/s/baseline").rglob("run.json"):
        atomic.write_json(path, {**json.loads(path.read_text()), "code_sha256": "0" * 64, "git": None})
    address = "https://example.org/model.pt?download=1"
    assert main(["s", "--id", "s123", *own, "--link", address]) == 0
    assert "It was not opened" in (shown := capsys.readouterr().out) and "changed since the run" in shown
    with zipfile.ZipFile("s123.zip") as unpacked:
        assert unpacked.read("model_link.txt").decode() == f"{address}\n" and "model.pt" not in unpacked.namelist()
        told = unpacked.read("README.md").decode()
    assert f"after `model.pt` was put here from {address}" in told
    assert "The code of `ablate` has changed since the run." in told


@pytest.mark.parametrize("student", ["", ".hidden", "../s123", "a/b", "a\\b", "a b", "-x", "é", "a" * 65, "a\n"])
def test_an_id_that_is_no_name_of_a_file_is_refused(student):
    with pytest.raises(InputError, match="give letters, digits"):
        check_id(student)


@pytest.mark.parametrize("student", ["s123456", "20-123-456", "a.b_c", "7", "a" * 64])
def test_an_id(student):
    assert check_id(student) == student


def test_bad_input_is_a_sentence_and_status_2(here):
    for words, said in (
        (("s", "--id", "a/b"), "--id 'a/b' cannot be a file's name"),
        (("t", "--id", "s123"), "t is not a study"),
        (("s", "--id", "s123", "--submission", "none"), "no such file, nor one of assignment"),
        (("s",), "the following arguments are required: --id"),
    ):
        ended = ablate(here, "submit", *words)
        assert ended.returncode == 2 and said in ended.stderr and "Traceback" not in ended.stderr
        assert ended.stdout == "" and not [*here.glob("*.zip")]


def test_what_it_needs_is_an_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pins = (ROOT / "constraints.txt").read_text()
    for package in ("pypdf", "nbformat", "packaging"):
        assert any(asked.startswith(package) for asked in extras["submit"]) and f"\n{package}==" in pins
