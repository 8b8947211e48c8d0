"""User code is trained, tested and reproduced, and an edit of it changes the hash of the configuration."""

import importlib.util
import json
import site
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.config import CONF, user_code
from ablate.runs.config_hash import config_sha256
from ablate.study.app import code
from tests.processes import ENVIRONMENT, SMALL, ablate, alone
from tests.processes import record as read

NET = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self, classes, channels, image_size, normalization, activation, width={width}):
        first, last = nn.Linear(channels * image_size**2, width), nn.Linear(width, classes)
        super().__init__(nn.Flatten(), first, activation(), last)
"""
WORDS = (*SMALL, "model._target_=my_model.Net")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("my_model.py").write_text(NET.format(width=8))
    return tmp_path


def test_only_user_code_is_read_and_nothing_is_imported(folder):
    Path("parts/deep").mkdir(parents=True)
    for name in ("parts/__init__.py", "parts/deep/net.py"):
        Path(name).write_text(f"raise RuntimeError({name!r})")
    settings = {
        "model": {"_target_": "my_model.Net"}, "loss": {"_target_": "torch.nn.CrossEntropyLoss"},
        "augmentation": [{"_target_": "parts.deep.net.Step"}, {"_target_": "ablate.augmentation.geometry.Flip"}],
        "data": {"_target_": "json.loads"}, "logger": {"_target_": "nowhere.Logger"},
    }  # fmt: skip
    sources = user_code.sources(settings)
    assert set(sources) == {"my_model.py", "parts/__init__.py", "parts/deep/net.py"}
    assert sources["my_model.py"] == Path("my_model.py").read_bytes()
    assert user_code.find("nowhere.Logger") is None and user_code.find("__main__.Net") is None
    assert not {"my_model", "parts"} & set(sys.modules)


def test_installed_packages_are_no_user_code_wherever_they_are(folder, monkeypatch):
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(folder / "system")])
    monkeypatch.setattr(site, "getusersitepackages", lambda: str(folder / "user"))
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    for place in ("system", "user", "cluster/site-packages"):
        package = folder / place / place.partition("/")[0]
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(package.parent))
    targets = [{"_target_": f"{name}.Net"} for name in ("system", "user", "cluster", "my_model")]
    assert set(user_code.sources(targets)) == {"my_model.py"}


def test_a_lock_of_emacs_is_no_user_code(folder):
    Path("parts").mkdir()
    Path("parts/__init__.py").touch()
    Path("parts/.#__init__.py").symlink_to("me@host.1:1")
    assert set(user_code.sources({"_target_": "parts.Net"})) == {"parts/__init__.py"}
    before = code.sha256.__wrapped__(folder / "my_model.py")
    Path(".#my_model.py").symlink_to("me@host.1:1")
    assert code.sha256.__wrapped__(folder / "my_model.py") == before


def test_the_hash_includes_the_source_of_user_code(folder):
    options = {name: OmegaConf.load(CONF / name / f"{option}.yaml") for name, option in {"model": "mlp"}.items()}
    config = OmegaConf.create({**options, "augmentation": {}})
    before = config_sha256(config)
    config.model._target_ = "my_model.Net"
    first = config_sha256(config)
    Path("my_model.py").write_text(NET.format(width=16))
    assert len({before, first, config_sha256(config)}) == 3


NAMES = ("triton", "hydra_plugins/x", "numpy", "torch", "typing", "sitecustomize", "conf", "hydra", "yaml", "my_other")


@pytest.fixture
def planted(folder) -> Path:
    """A folder with a user model, and files that must not be executed: each would leave a file `ran.NAME`."""
    for name in NAMES:
        path = Path(f"{name}.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"import pathlib; pathlib.Path({str(folder)!r}, {f'ran.{path.stem}'!r}).touch()")
    Path("evil-1.dist-info").mkdir()
    Path("evil-1.dist-info/entry_points.txt").write_text("[torch.backends]\nevil = my_other:f\n")
    return folder


TRAIN, PLAN = ("train", *WORDS, "model.width=4"), ("plan", "-m", *WORDS, "study.name=s")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("ablate.cli", TRAIN),
        ("script", PLAN),
        pytest.param("ablate.cli", PLAN, marks=pytest.mark.integration),
        pytest.param("script", TRAIN, marks=pytest.mark.integration),
    ],
)
def test_files_that_only_lie_in_the_current_folder_are_not_executed(planted, module, words):
    script = "import sys; sys.path[0] = '/'; from ablate.cli import main; sys.exit(main())"  # as an entry point
    start = ["-c", script] if module == "script" else ["-m", module]
    ended = subprocess.run([sys.executable, *start, *words], env=ENVIRONMENT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert not list(planted.glob("ran.*"))


@pytest.mark.integration
def test_processes_that_a_run_starts_do_not_search_the_current_folder_either(planted):
    """As the workers of joblib are started, in a run of the installed command, whose Python has no flag -P."""
    starts = (
        "for words in (['-m', 'my_other'], ['-c', 'import my_other']):\n    subprocess.run([sys.executable, *words])\n"
    )
    Path("my_model.py").write_text("import pathlib, subprocess, sys\n" + starts + NET.format(width=4)
                                   + "pathlib.Path('imported').touch()\n")  # fmt: skip
    script = "import sys; sys.path[0] = '/'; from ablate.cli import main; sys.exit(main())"  # as an entry point
    ended = subprocess.run([sys.executable, "-c", script, "train", *WORDS], env=ENVIRONMENT, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()
    assert Path("imported").exists() and not list(planted.glob("ran.*"))


@pytest.mark.integration
def test_what_user_code_imports_is_imported_too(folder):
    Path("my_model.py").write_text("import my_layers.block\n" + NET.format(width=4))
    Path("my_layers").mkdir()
    Path("my_layers/block.py").write_text("from my_constants import SIZE\nimport typing\n")
    Path("my_constants.py").write_text("SIZE = 3")
    Path("typing.py").write_text("raise RuntimeError")
    ended = alone(folder, "train", "-m", *WORDS, "seed=0,1", "study.name=s")
    assert ended.returncode == 0 and "2 of 2 runs done" in ended.stderr, ended.stderr


def test_an_installed_package_is_not_shadowed_by_a_named_module(folder, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if finder is not user_code._importer])
    monkeypatch.setattr(user_code, "_importer", user_code.Importer())
    for name in ("json", "optuna", "my_model"):
        Path(f"{name}.py").write_text("PLANTED = True")
    user_code.make_importable([{"_target_": "json.loads"}, {"_target_": "optuna.Study"}])
    for name in ("json", "optuna"):
        assert importlib.util.find_spec(name).origin != str(folder / f"{name}.py")
    assert importlib.util.find_spec("my_model") is None
    user_code.make_importable({"model": {"_target_": "my_model.Net"}})
    assert importlib.util.find_spec("my_model").origin == str(folder / "my_model.py")
    assert str(folder) not in sys.path


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_that_are_not_forks_import_user_code(folder, method):
    Path("my_data.py").write_text("def size(name):\n    return len(name)\n")
    Path("main.py").write_text(
        "import multiprocessing\n"
        "from ablate.config import user_code\n"
        "from ablate.data.parallel import attempts\n"
        "if __name__ == '__main__':\n"
        f"    multiprocessing.set_start_method({method!r})\n"
        "    user_code.make_importable({'_target_': 'my_data.size'})\n"
        "    import my_data\n"
        "    print(sum(size for size, _ in attempts(my_data.size, ['ab'] * 200)))\n"
    )
    command = [sys.executable, "-P", "main.py"]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert ended.stdout == "400\n", ended.stderr


@pytest.mark.parametrize(
    ("words", "returned"),
    [
        ([], "int instead of a torch.nn.Module."),
        (["--config-dir", "conf", "model=partial"], "instead of a torch.nn.Module (remove model._partial_)."),
    ],
)
def test_what_is_no_network_is_refused_in_a_sentence(folder, words, returned):
    Path("my_model.py").write_text("def Net(**options):\n    return 3\n")
    Path("conf/model").mkdir(parents=True)
    Path("conf/model/partial.yaml").write_text("_target_: my_model.Net\n_partial_: true\n")
    ended = ablate(folder, "train", *SMALL, *(words or ["model._target_=my_model.Net"]))
    assert ended.returncode == 2 and ended.stderr.splitlines()[-1].endswith(returned), ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("model._target_=my_model.Net returned")


@pytest.mark.integration
def test_a_user_model_is_trained_tested_and_reproduced(folder):
    ended = ablate(folder, "train", *WORDS, "model.width=4")
    assert ended.returncode == 0, ended.stderr
    (run,) = folder.glob("outputs/single/*")
    # 64 pixels x 4 units and their biases, then 4 units x 10 classes and theirs.
    assert read(run)["parameters"] == 64 * 4 + 4 + 4 * 10 + 10
    assert (run / "own_code/my_model.py").read_text() == Path("my_model.py").read_text()
    refused = ablate(folder, "test", str(run))
    assert refused.returncode == 2 and "my_model.Net" in refused.stderr and not (run / "test.json").exists()
    assert ablate(folder, "test", "--trust", str(run)).returncode == 0
    assert json.loads((run / "test.json").read_text())["images"] == 360
    again = ablate(folder, "reproduce", "--trust", str(run))
    assert again.returncode == 0 and "Identical" in again.stdout, again.stderr


@pytest.mark.integration
def test_a_study_retrains_runs_with_changed_source(folder):
    words = (*SMALL, "study.name=s", "model._target_=my_model.Net,ablate.model.cnn.CNN")
    assert ablate(folder, "train", "-m", *words).returncode == 0
    Path("my_model.py").write_text(NET.format(width=16))
    refused = ablate(folder, "train", "-m", *words)
    assert refused.returncode == 2 and "my_model.py was" in refused.stderr
    ended = ablate(folder, "train", "-m", *words, "--retrain")
    assert ended.returncode == 0 and "2 runs, 1 of them already done" in ended.stderr
    places = ("baseline/seed=0", ".replaced/baseline/seed=0-1")
    new, old = (read(folder / f"outputs/s/{place}")["parameters"] for place in places)
    assert (new, old) == (64 * 16 + 16 + 16 * 10 + 10, 64 * 8 + 8 + 8 * 10 + 10)
