"""Names of studies, levels, classes and folders in any script, and locales with any encoding."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ablate.config.quoting import quoted
from tests.processes import ROOT, SMALL, ablate, record

LOCALES = {
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"},
    "latin-1": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1", "PYTHONCOERCECLOCALE": "0"},
    "slurm": {"SLURM_JOB_ID": "1"},  # a batch job that exports nothing has no locale at all
}
CLASSES = ("été", "日本", "a b'c=d,{e}")


def folder_of(root: Path, *classes: str | bytes, images: int = 6) -> Path:
    """An image folder with these classes."""
    for number, name in enumerate(classes):
        for part in ("train", "test"):
            folder = os.path.join(os.fsencode(root), part.encode(), os.fsencode(name))
            os.makedirs(folder)
            for index in range(images):
                image = Image.new("RGB", (8, 8), (40 * number, 20 * index, 9))
                image.save(os.path.join(folder, b"\xe9%d.png" % index))
    return root


def in_locale(folder: Path, locale: str, *words: str) -> tuple[int, bytes, bytes]:
    """`ablate` in a process with nothing else in its environment; status, standard output and error."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "ABLATE_CACHE") if name in os.environ}
    environment = kept | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "150"} | LOCALES[locale]
    command = [sys.executable, "-m", "ablate.cli", *words]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300)
    return ended.returncode, ended.stdout, ended.stderr


TRAIN = ("data=image_folder", "data.root='été 日本'", "data.image_size=8", "data.val_fraction=0.4", "model=mlp",
         "trainer.epochs=1", "trainer.threads=1")  # fmt: skip
RUN = "outputs/né/baseline/seed=0"


@pytest.fixture(scope="module", params=LOCALES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A study with non-ASCII names everywhere, trained under a locale."""
    folder = tmp_path_factory.mktemp("names")
    folder_of(folder / "été 日本", *CLASSES)
    words = ("train", "-m", "study.name='né'", *TRAIN, "seed=0,1", "data.mean=[0.5],[0.25]")
    status, _, errors = in_locale(folder, request.param, *words)
    assert status == 0, errors.decode()
    return folder, request.param


@pytest.mark.integration
@pytest.mark.parametrize(
    "words",
    [
        ("status", "né"),
        ("watch", "né", "--once"),
        ("report", "né"),
        ("test", RUN),
        ("diff", RUN, "outputs/né/baseline/seed=1"),
        *(("predict", RUN, "été 日本/test", "--format", kind) for kind in ("table", "csv", "json")),
        ("verify", RUN),
        ("export", RUN, "--format", "safetensors", "--force"),
        ("data", *TRAIN),
        ("plan", "study.name='né'", *TRAIN, "seed=0,1", "data.mean=[0.5],[0.25]"),
    ],
    ids=lambda words: "-".join(word for word in words[:1] + words[-1:]),
)
def test_every_command_works_in_every_locale(trained, words):
    folder, locale = trained
    status, output, errors = in_locale(folder, locale, *words)
    assert status == 0, errors.decode(errors="replace")
    assert b"Traceback" not in errors
    if locale == "ascii" and "csv" not in words:
        assert output.isascii() and errors.isascii()


@pytest.mark.integration
def test_names_are_recorded_as_they_are(trained):
    folder, _ = trained
    assert record(folder / RUN)["classes"] == sorted(CLASSES)
    assert json.loads((folder / "outputs/né/study.json").read_text(encoding="utf-8"))["name"] == "né"


@pytest.mark.parametrize(
    "name",
    [b"a\x80'b", *(pytest.param(name, marks=pytest.mark.integration) for name in (b"caf\xe9", b"\xff\xfe"))],
)
def test_a_class_folder_that_is_not_utf8_is_refused_before_training(tmp_path, name):
    folder_of(tmp_path / "p", name, "b")
    words = ("train", "data=image_folder", "data.root=p", "model=mlp", "hydra.run.dir=run")
    ended = ablate(tmp_path, *words)
    assert ended.returncode == 2 and "not valid UTF-8" in ended.stderr, ended.stderr
    for _ in ("train", "test"):  # each part has the folder
        command = ablate(tmp_path, *words, "trainer.epochs=1", "data.val_fraction=.4", "data.image_size=8").stderr
        subprocess.run(["bash", "-c", command.strip().rpartition("Rename it: ")[2]], cwd=tmp_path, check=True)
    ended = ablate(tmp_path, *words, "trainer.epochs=1", "data.val_fraction=.4", "data.image_size=8", "--debug")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("place", ["x=1", "a b", "é", "it's", "{x}", "a,b", "[x"])
def test_a_run_folder_has_any_name_once_quoted_as_advised(tmp_path, place):
    words = ("train", *SMALL, "model=mlp")
    ended = ablate(tmp_path, *words, f"hydra.run.dir=o/{place}")
    if ended.returncode:
        assert ended.returncode == 2 and not (tmp_path / "o").exists()
        advised = ended.stderr.rpartition("ype ")[2].partition(" for ")[0].strip().removesuffix(".")
        ended = ablate(tmp_path, *words, typed(advised))
    assert ended.returncode == 0, ended.stderr
    assert record(tmp_path / "o" / place)["status"] == "completed"


@pytest.mark.parametrize("name", ["a b", "it's", "x/y", "é é", "e\u0301", "日" * 99, "{x}", "a,b", "=x"])
def test_a_study_is_named_as_advised(tmp_path, name):
    words = ("plan", *SMALL, "model=mlp", "optimizer.lr=0.1,0.2")
    ended = ablate(tmp_path, *words, f"study.name={quoted(name)}")
    assert ended.returncode == 2 and not (tmp_path / "outputs").exists(), ended.stdout
    advised = ended.stderr.strip().rpartition(" Type ")[2].removesuffix(".")
    ended = ablate(tmp_path, *words, typed(advised))
    assert ended.returncode == 0, ended.stderr


def typed(words: str) -> str:
    """What a program receives if `words` are typed in bash."""
    return subprocess.run(["bash", "-c", f"printf %s {words}"], capture_output=True, text=True, check=True).stdout


def test_levels_of_a_bundle_may_be_quoted(tmp_path):
    (tmp_path / "c/study").mkdir(parents=True)
    bundles = {"recipe": {"é=1": ["optimizer.lr=0.1"], "b c": ["optimizer.lr=0.2"]}}
    text = "# @package _global_\n" + json.dumps({"study": {"name": "s", "bundles": bundles}}, ensure_ascii=False)
    (tmp_path / "c/study/mine.yaml").write_text(text)
    words = ("-m", "--config-dir", "c", "study=mine", *SMALL, "model=mlp", "recipe='b c','é=1'")
    ended = ablate(tmp_path, "train", *words)
    assert ended.returncode == 0, ended.stderr
    plan = json.loads((tmp_path / "outputs/s/study.json").read_text())
    assert plan["factors"] == {"recipe": ["b c", "é=1"]}
