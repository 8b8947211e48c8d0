"""`ablate watch` on a running and on a finished study, with and without a terminal."""

import json
import shutil
import sys
from pathlib import Path

import pexpect
import pytest

from ablate.files.lock import lock
from tests.processes import ENVIRONMENT, SMALL, ablate, alone, heeds_interrupts


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A completed study of two models and two seeds."""
    folder = tmp_path_factory.mktemp("watch")
    words = ("-m", "study.name=s", *SMALL[:2], "trainer.threads=1", "trainer.epochs=3", "model=mlp,cnn", "seed=0,1")
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def running(finished, tmp_path) -> Path:
    """A study with one running run, whose second row is partly written, one failed and one missing run."""
    study = shutil.copytree(finished / "outputs/s", tmp_path / "outputs/s")
    shutil.rmtree(study / "model=cnn/seed=1")
    partial = study / "model=cnn/seed=0"
    lines = (partial / "metrics.csv").read_text().splitlines(keepends=True)
    (partial / "metrics.csv").write_text("".join(lines[:2]) + lines[2][:20])
    set_status(partial, "running")
    set_status(study / "baseline/seed=1", "failed", error="ValueError: the cat is on the keyboard.")
    (study / "baseline/seed=1/train.log").write_text("In train\nValueError: the cat\n")
    return tmp_path


def set_status(run: Path, status: str, error: str | None = None) -> None:
    """Change the status of a run and remove its results."""
    record = json.loads((run / "run.json").read_text())
    record = {name: value for name, value in record.items() if name not in ("metrics", "seconds")}
    (run / "run.json").write_text(
        json.dumps({**record, "status": status, "error": error, "epochs": {"planned": record["epochs"]["planned"]}})
    )


def spawn(folder: Path, *words: str) -> pexpect.spawn:
    command = ["-m", "ablate.cli", "watch", *words]
    settings = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "110", "NO_COLOR": "1"}
    return pexpect.spawn(
        sys.executable,
        command,
        cwd=folder,
        env=settings,
        dimensions=(24, 110),
        timeout=120,
        preexec_fn=heeds_interrupts,
    )


def rows(text: str) -> dict[str, list[str]]:
    """The line of each run, split into words: {variant/seed: words}."""
    words = [line.split() for line in text.splitlines() if line.startswith(("baseline ", "model=cnn "))]
    return {f"{line[0]}/{line[1]}": line[2:] for line in words}


def test_once_prints_the_state_of_a_running_study(running):
    with lock(running / "outputs/s/model=cnn/seed=0"):  # held by the training process
        ended = ablate(running, "watch", "s", "--once")
    assert ended.returncode == 0 and ended.stderr == ""
    assert ended.stdout.startswith("s  4 runs  1 running  1 failed  1 completed  1 missing\n")
    lines = rows(ended.stdout)
    assert lines["baseline/0"][:2] == ["completed", "3/3"] and lines["model=cnn/1"] == ["missing"]
    first = (running / "outputs/s/model=cnn/seed=0/metrics.csv").read_text().splitlines()[1].split(",")
    assert lines["model=cnn/0"][:3] == ["running", "1/3", f"{100 * float(first[6]):.1f}"]
    assert "baseline/seed=1 failed" in ended.stdout and "ValueError: the cat is on the keyboard." in ended.stdout
    # (1 + 1 + 1/3) of four: one completed, one failed, a third of another
    assert "58 %" in ended.stdout.splitlines()[1] and "left" in ended.stdout.splitlines()[1]


def test_without_a_terminal_a_finished_study_is_printed_once(finished):
    ended = ablate(finished, "watch", "outputs/s")
    assert ended.returncode == 0 and "all done" in ended.stdout and "\x1b" not in ended.stdout
    assert [words[:2] for words in rows(ended.stdout).values()] == [["completed", "3/3"]] * 4
    accuracy = json.loads((finished / "outputs/s/model=cnn/seed=1/run.json").read_text())["metrics"]["val_accuracy"]
    assert rows(ended.stdout)["model=cnn/1"][2] == f"{100 * accuracy:.1f}"
    one = ablate(finished / "outputs/s/baseline/seed=0", "watch", ".")
    assert one.returncode == 0 and one.stdout.startswith("seed=0  1 run  1 completed\n")


def test_watching_writes_nothing(running):
    before = sorted((path, path.stat().st_mtime_ns) for path in running.rglob("*") if not path.name.endswith(".lock"))
    assert ablate(running, "watch", "s").returncode == 0
    assert before == sorted(
        (path, path.stat().st_mtime_ns) for path in running.rglob("*") if not path.name.endswith(".lock")
    )


def test_a_terminal_is_updated_until_the_last_run_ends(running):
    study = running / "outputs/s"
    with lock(study / "model=cnn/seed=0"):
        child = spawn(running, "s", "--every", "0.1")
        child.expect(r"model=cnn +0 +running +1/3")
        with open(study / "model=cnn/seed=0/metrics.csv", "a") as file:
            file.write("\n")  # the partly written row lacks fields and is no epoch
        child.expect(r"model=cnn +0 +running +1/3")
    child.expect(r"model=cnn +0 +interrupted")
    set_status(study / "model=cnn/seed=0", "failed", "It stopped.")
    child.expect("It stopped")
    shutil.copytree(study / "baseline/seed=0", study / "model=cnn/seed=1")  # with another configuration
    child.expect(r"model=cnn +1 +stale")
    set_status(study / "model=cnn/seed=1", "failed")
    run = json.loads((study / "model=cnn/seed=1/run.json").read_text())
    planned = json.loads((study / "study.json").read_text())["runs"][3]
    (study / "model=cnn/seed=1/run.json").write_text(json.dumps({**run, "config_sha256": planned["config_sha256"]}))
    child.expect("3 to do, about")  # the failed runs, which the study's command retries
    child.expect(pexpect.EOF)
    assert "3 to do, about" in child.before.decode()  # printed again after leaving the full-screen view
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_q_and_ctrl_c_quit(running, key):
    child = spawn(running, "s", "--every", "3600")
    child.expect(r"model=cnn +1 +missing")
    child.send(key)
    child.expect(pexpect.EOF)
    assert "Traceback" not in child.before.decode() and "\x1b[?25h" in child.before.decode()  # shows the cursor
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "nothing is not a study"),
        (("s", "--every", "0"), "not between"),
        (("s", "--every", "soon"), "invalid"),
        (("s", "--evry", "1"), "no option --evry. Did you mean --every?"),
    ],
)
def test_invalid_input_is_refused(running, arguments, message):
    ended = ablate(running, "watch", *arguments)
    assert ended.returncode == 2 and message in ended.stderr and "Traceback" not in ended.stderr


def test_an_ascii_terminal(finished, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "PYTHONIOENCODING", "ascii")
    ended = alone(finished, "watch", "s")
    assert ended.returncode == 0 and "completed" in ended.stdout and ended.stdout.isascii()
