"""Commands on a system without what only Linux has: fork, process groups, some signals, modules and /proc."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image

from ablate.backend import processes
from tests.processes import ENVIRONMENT, ROOT, SMALL, ablate, assert_the_same, record

BARE = """
import builtins, multiprocessing, os, signal, sys
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


def without_proc(file, *arguments, **options):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(file)
    return opened(file, *arguments, **options)


builtins.open = without_proc
"""
STUDY = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "optimizer.lr=0.1,0.01", "seed=0,1")
APP = """
import hydra

@hydra.main(version_base=None, config_path=None)
def main(config):
    return {"acc": config.x + 1}

if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory):
    """Runs `python WORDS` in a folder without what the module names."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(BARE)
    # filelock's only lock without fcntl warns that it can outlive its process.
    settings = {
        **ENVIRONMENT,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "PYTHONWARNINGS": "ignore:only soft file lock",
    }

    def run(folder: Path, *words: str) -> CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words], cwd=folder, env=settings, capture_output=True, text=True, timeout=300
        )

    return run


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
    ):
        ended = bare(tmp_path / "bare", "-m", "ablate.cli", *words)
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
    ended = bare(tmp_path, "-m", "ablate.cli", "train", *words, "hydra.run.dir=run")
    assert ended.returncode == 0, ended.stderr
    assert record(tmp_path / "run")["images"]["training"] == 180


@pytest.mark.integration
def test_the_main_function_of_a_script_runs_in_spawned_workers(bare, tmp_path):
    (tmp_path / "app.py").write_text(APP)
    words = ("-m", "hydra/sweeper=ablate", "hydra/launcher=ablate_local", "hydra.sweeper.name=s")
    ended = bare(tmp_path, "app.py", *words, "hydra.sweeper.metric=acc", "+x=1,2", "+seed=0,1")
    assert ended.returncode == 0, ended.stderr
    values = {path.parent.parent.name: record(path.parent)["metrics"]["acc"] for path in tmp_path.rglob("run.json")}
    assert values == {"baseline": 2, "x=2": 3}


def test_functions_of_any_kind_reach_a_spawned_process():
    factor = 3
    assert pickle.loads(pickle.dumps(processes.ByValue(lambda number: factor * number)))(5) == 15
