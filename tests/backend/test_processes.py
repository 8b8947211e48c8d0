"""Commands on a system without what only Linux has: fork, process groups, some signals, modules and /proc."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image

from ablate.backend import processes
from ablate.study.watch import keyboard
from tests.processes import ENVIRONMENT, ROOT, SMALL, ablate, assert_the_same, epochs, finish, record, start, until

BARE = """
import builtins, multiprocessing, os, signal, sys, warnings
from multiprocessing import context

for name in ("fork", "forkpty", "setpgid", "killpg", "getpgid", "setsid", "sched_getaffinity", "sched_setaffinity"):
    delattr(os, name)
for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGPIPE", "SIGCHLD", "SIGALRM", "SIGWINCH"):
    delattr(signal, name)
for name in ("fcntl", "resource", "termios", "syslog"):
    sys.modules[name] = None
for name in ("fork", "forkserver"):
    del context._concrete_contexts[name]
multiprocessing.set_start_method("spawn")
multiprocessing.get_all_start_methods = lambda: ["spawn"]
opened = builtins.open


def without_proc(file, mode="r", *arguments, **options):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(file)
    if "b" not in mode and "encoding" not in options:
        warnings.warn("a file without an encoding", EncodingWarning, stacklevel=2)
    return opened(file, mode, *arguments, **options)


builtins.open = without_proc
os.getppid = lambda parent=os.getppid(): parent  # which stays the same after the end of the parent
# The default encoding is not UTF-8: no file of text is opened without its encoding.
warnings.filterwarnings("ignore", category=EncodingWarning)
warnings.filterwarnings("error", category=EncodingWarning, module=r"(ablate|analysis|hydra_plugins)\\b")


def no_links(*_, **__):
    raise OSError(1314, "A required privilege is not held by the client")


os.symlink = os.link = no_links
rename, replace, in_use = os.rename, os.replace, set()


def rename_to_nothing(source, target, **options):
    if os.path.exists(target):
        raise FileExistsError(17, "Cannot create a file when that file already exists", source, None, target)
    return rename(source, target, **options)


def replace_at_the_second_attempt(source, target, **options):
    if os.path.exists(target) and source not in in_use:  # as while another process reads it
        in_use.add(source)
        raise PermissionError(13, "Access is denied", source, None, target)
    return replace(source, target, **options)


os.rename, os.replace = rename_to_nothing, replace_at_the_second_attempt
"""
STUDY = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "optimizer.lr=0.1,0.01", "seed=0,1")
NOTEBOOK = str(ROOT / "notebooks/assignment.ipynb")
SUBMIT = ("submit", "s", "--id", "a1", "--notebook", NOTEBOOK, "--allow-generated-report", "--allow-original-notebook")
APP = """
import hydra

@hydra.main(version_base=None, config_path=None)
def main(config):
    return {"acc": config.x + 1}

if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python without what the module names."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(BARE)
    # filelock's only lock without fcntl warns that it can outlive its process.
    return {
        **ENVIRONMENT,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "PYTHONWARNINGS": "ignore:only soft file lock",
        "PYTHONWARNDEFAULTENCODING": "1",
    }


def python(settings: dict[str, str], folder: Path, *words: str) -> CompletedProcess[str]:
    """`python WORDS` in the folder, in this environment."""
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=900)


@pytest.mark.integration
def test_the_verbs_run_and_the_results_are_the_same(bare, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "usual").mkdir()
    assert ablate(tmp_path / "usual", *STUDY, "hydra/launcher=basic").returncode == 0
    run = "outputs/s/baseline/seed=0"
    Image.new("L", (8, 8), 99).save(tmp_path / "bare/one.png")
    for words in (
        [*STUDY, "hydra/launcher=local"],
        *(["status", "s"], ["watch", "s", "--once"], ["test", "s"], ["report", "s"]),
        *(["plan", *STUDY[2:]], ["predict", run, "one.png"]),
        *(["verify", run], ["reproduce", run], ["diff", run, "outputs/s/baseline/seed=1"], ["data", "data=digits"]),
        ["export", run, "--format", "safetensors"],
        ["completion", "bash"],
        [*SUBMIT, "--allow-other-study"],
    ):
        ended = python(bare, tmp_path / "bare", "-m", "ablate.cli", *words)
        assert ended.returncode == 0, (words, ended.stderr)
        assert "Traceback" not in ended.stderr
    for place in (tmp_path / "usual/outputs/s").glob("*/seed=*"):
        assert_the_same(place, tmp_path / "bare" / place.relative_to(tmp_path / "usual"))
    assert (tmp_path / "bare/outputs/s/report/report.pdf").stat().st_size > 10_000


@pytest.mark.integration
def test_images_are_decoded_by_spawned_processes(bare, tmp_path):
    for label, color in (("dark", 0), ("light", 255)):
        (tmp_path / "train" / label).mkdir(parents=True)
        for number in range(100):  # more than one process decodes
            Image.new("RGB", (8, 8), (color,) * 3).save(tmp_path / "train" / label / f"{number}.png")
    words = ("data=image_folder", "data.root=.", "data.image_size=8", "model=mlp", "trainer.epochs=1")
    ended = python(bare, tmp_path, "-m", "ablate.cli", "train", *words, "hydra.run.dir=run")
    assert ended.returncode == 0, ended.stderr
    assert record(tmp_path / "run")["images"]["training"] == 180


@pytest.mark.integration
def test_the_main_function_of_a_script_runs_in_spawned_workers(bare, tmp_path):
    (tmp_path / "app.py").write_text(APP)
    words = ("-m", "hydra/sweeper=ablate", "hydra/launcher=ablate_local", "hydra.sweeper.name=s")
    ended = python(bare, tmp_path, "app.py", *words, "hydra.sweeper.metric=acc", "+x=1,2", "+seed=0,1")
    assert ended.returncode == 0, ended.stderr
    values = {path.parent.parent.name: record(path.parent)["metrics"]["acc"] for path in tmp_path.rglob("run.json")}
    assert values == {"baseline": 2, "x=2": 3}


def test_functions_of_any_kind_reach_a_spawned_process():
    factor = 3
    assert pickle.loads(pickle.dumps(processes.ByValue(lambda number: factor * number)))(5) == 15


@pytest.mark.integration
def test_workers_end_with_a_study_that_is_killed_and_stop_at_an_interrupt(bare, tmp_path):
    """Without fork, the process ID of a parent says nothing; without process groups, Ctrl-C reaches all processes."""
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=100000", "hydra/launcher=local")
    run = tmp_path / "outputs/s/baseline/seed=0"
    study = start(tmp_path, *words, own_group=True, **bare)
    until(lambda: epochs(run) > 0, study)
    study.kill()
    study.communicate()  # returns when the last process with its standard error has ended
    study = start(tmp_path, *words, own_group=True, **bare)
    done = epochs(run)
    until(lambda: epochs(run) > done, study)
    os.killpg(study.pid, signal.SIGINT)
    status, output = finish(study)
    assert status == 130 and "Traceback" not in output and (run / "checkpoint.pt").exists(), output
    assert record(run)["status"] == "interrupted"


def test_a_terminal_without_termios_has_no_keys(monkeypatch):
    monkeypatch.setitem(sys.modules, "termios", None)
    with keyboard() as wait_for_key:
        assert wait_for_key(0) == ""
