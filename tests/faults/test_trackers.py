"""Real trackers that cannot be reached, do not answer, or cannot write: the run ends with the same bits."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ablate.logger.tracker import WAIT_SECONDS
from tests.processes import SMALL, ablate, assert_the_same, finish, start

pytestmark = pytest.mark.faults
WORDS = ("train", *SMALL, "model=mlp", "trainer.epochs=3", "hydra.run.dir=run")
MLFLOW = ("logger=mlflow", "logger.tracking_uri=http://127.0.0.1:{port}")
WANDB = ("logger=wandb", "logger.mode=online")
KEY = {"WANDB_BASE_URL": "http://127.0.0.1:{port}", "WANDB_API_KEY": 4 * "0123456789"}


@pytest.fixture(scope="module")
def untracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run without a tracker."""
    folder = tmp_path_factory.mktemp("untracked")
    ended = ablate(folder, *WORDS)
    assert ended.returncode == 0, ended.stderr
    return folder / "run"


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Port of a server: `refuses` connections, is `silent` after accepting them, or answers with `garbage`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        if request.param != "refuses":
            threading.Thread(target=answer, args=[server, request.param], daemon=True).start()
            yield number
            return
    yield number


def answer(server: socket.socket, how: str) -> None:
    accepted = []
    with suppress(OSError):  # the end of the test closes it
        while True:
            connection, _ = server.accept()
            accepted.append(connection)  # stays open
            if how == "garbage":
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 500 Broken\r\nContent-Length: 4\r\n\r\n\xff\x00{[")
                connection.close()


def assert_it_costs_nothing(folder: Path, untracked: Path, words: tuple[str, ...], environment: dict[str, str]) -> None:
    started = time.monotonic()
    status, text = finish(start(folder, *WORDS, *words, **environment))
    assert status == 0, text
    assert_the_same(folder / "run", untracked)
    option = words[0].partition("=")[2]
    assert text.count(f"logger={option} ") == 1 and "metrics.csv has every epoch" in text, text
    assert "Traceback" not in text
    print(f"{time.monotonic() - started:.0f} s, of which at most {WAIT_SECONDS:.0f} s are a wait: {text}")


@pytest.mark.parametrize("port", ["refuses", "silent", "garbage"], indirect=True)
@pytest.mark.parametrize("words, environment", [(MLFLOW, {}), (WANDB, KEY)])
def test_a_server_that_does_not_work(tmp_path, untracked, port, words, environment):
    pytest.importorskip(words[0].partition("=")[2])
    words = tuple(word.format(port=port) for word in words)
    environment = {name: value.format(port=port) for name, value in environment.items()}
    assert_it_costs_nothing(tmp_path, untracked, words, environment)


def test_wandb_without_a_key(tmp_path, untracked):
    pytest.importorskip("wandb")
    assert_it_costs_nothing(tmp_path, untracked, WANDB, {"HOME": str(tmp_path), "WANDB_API_KEY": ""})


def test_a_store_that_cannot_be_written(tmp_path, untracked):
    pytest.importorskip("mlflow")
    words = ("logger=mlflow", "logger.tracking_uri=sqlite:////proc/mlflow.db")
    assert_it_costs_nothing(tmp_path, untracked, words, {})


def test_an_event_folder_that_cannot_be_made(tmp_path, untracked):
    pytest.importorskip("tensorboard")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/tensorboard").write_text("")
    assert_it_costs_nothing(tmp_path, untracked, ("logger=tensorboard",), {})


@pytest.mark.parametrize("options", ["size=4k", "ro,size=4k"])
def test_an_event_folder_on_a_disk_that_is_full_or_read_only(tmp_path, untracked, options):
    pytest.importorskip("tensorboard")
    for name in ("run", "disk"):
        (tmp_path / name).mkdir()
    (tmp_path / "run/tensorboard").symlink_to(tmp_path / "disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path / "disk")])
    if mounted.returncode:
        pytest.skip("a file system of its own needs root")
    try:
        assert_it_costs_nothing(tmp_path, untracked, ("logger=tensorboard",), {})
    finally:
        subprocess.run(["umount", str(tmp_path / "disk")], check=True)
