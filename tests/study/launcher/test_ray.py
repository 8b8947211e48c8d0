"""Studies on a real Ray cluster."""

import os
import signal
from pathlib import Path

import pytest

from tests.processes import SMALL, epochs, finish, record, start, until

pytestmark = pytest.mark.integration
PLANTED = ("triton", "sitecustomize", "hydra", "omegaconf", "yaml", "msgspec", "torchvision")
RAY = ("hydra/launcher=ray", "+hydra.launcher.init.num_cpus=2")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> dict[str, str]:
    """A temporary home directory, into which Ray writes."""
    return {"HOME": str(tmp_path_factory.mktemp("home"))}


def test_a_study_on_a_local_cluster(tmp_path, home):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", "normalization=none,batch", *RAY)
    status, output = finish(start(tmp_path, *words, **home))
    assert status == 0 and "4 of 4 runs done" in output, output
    runs = list((tmp_path / "outputs/s").glob("*/seed=0"))
    assert [record(run)["status"] for run in runs] == ["completed"] * 4


def test_files_in_the_current_folder_are_not_executed(tmp_path, home):
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})")
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", *RAY)
    status, output = finish(start(tmp_path, *words, **home))
    assert status == 0 and "1 of 1 run done" in output, output
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


def test_a_killed_worker_only_loses_its_run(tmp_path, home):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,100000,2", *RAY)
    process = start(tmp_path, *words, **home)
    runs = tmp_path / "outputs/s"
    others = [runs / "baseline/seed=0/model.pt", runs / "trainer.epochs=2/seed=0/model.pt"]
    until(lambda: epochs(runs / "trainer.epochs=100000/seed=0") > 0 and all(map(Path.exists, others)), process)
    until(lambda: len(busy_workers()) == 1, process)
    os.kill(busy_workers()[0], signal.SIGKILL)
    status, output = finish(process)
    assert status == 1 and "2 of 3 runs done" in output, output
    assert "trainer.epochs=100000/seed=0" in output and "interrupted" in output


def busy_workers() -> list[int]:
    """PIDs of the Ray workers that are running a job, which is part of their process title."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_text().startswith("ray::_call"):
                pids.append(int(path.parent.name))
        except OSError:  # the process has exited
            continue
    return pids
