"""`ablate watch` of a real study: in the middle, at its end, and in a real terminal."""

import json
import shutil
import sys
from pathlib import Path

import pexpect
import pytest

from ablate.files.lock import lock
from tests.processes import ENVIRONMENT, SMALL, ablate, alone


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A study of two models and two seeds, all of whose runs are completed."""
    folder = tmp_path_factory.mktemp("watch")
    words = ("-m", "study.name=s", *SMALL[:2], "trainer.threads=1", "trainer.epochs=3", "model=mlp,cnn", "seed=0,1")
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def middle(finished, tmp_path) -> Path:
    """The study as it was in the middle: a run half done, its second row half written, one failed, one not begun."""
    study = shutil.copytree(finished / "outputs/s", tmp_path / "outputs/s")
    shutil.rmtree(study / "model=cnn/seed=1")
    half = study / "model=cnn/seed=0"
    lines = (half / "metrics.csv").read_text().splitlines(keepends=True)
    (half / "metrics.csv").write_text("".join(lines[:2]) + lines[2][:20])
    become(half, "running")
    become(study / "baseline/seed=1", "failed", error="ValueError: the cat is on the keyboard.")
    (study / "baseline/seed=1/train.log").write_text("In train\nValueError: the cat\n")
    return tmp_path


def become(run: Path, status: str, error: str | None = None) -> None:
    """Give a run another status, with what the record of one that is not completed has."""
    found = json.loads((run / "run.json").read_text())
    found = {name: found[name] for name in found if name not in ("metrics", "seconds")}
    (run / "run.json").write_text(
        json.dumps({**found, "status": status, "error": error, "epochs": {"planned": found["epochs"]["planned"]}})
    )


def spawn(folder: Path, *words: str) -> pexpect.spawn:
    command = ["-m", "ablate.cli", "watch", *words]
    settings = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "110", "NO_COLOR": "1"}
    return pexpect.spawn(sys.executable, command, cwd=folder, env=settings, dimensions=(24, 110), timeout=120)


def rows(text: str) -> dict[str, list[str]]:
    """The words of each run's line, by variant and seed."""
    words = [line.split() for line in text.splitlines() if line.startswith(("baseline ", "model=cnn "))]
    return {f"{line[0]}/{line[1]}": line[2:] for line in words}


def test_once_in_the_middle(middle):
    with lock(middle / "outputs/s/model=cnn/seed=0"):  # as the process that trains it
        ended = ablate(middle, "watch", "s", "--once")
    assert ended.returncode == 0 and ended.stderr == ""
    assert ended.stdout.startswith("s  4 runs  1 running  1 failed  1 completed  1 missing\n")
    found = rows(ended.stdout)
    assert found["baseline/0"][:2] == ["completed", "3/3"] and found["model=cnn/1"] == ["missing"]
    first = (middle / "outputs/s/model=cnn/seed=0/metrics.csv").read_text().splitlines()[1].split(",")
    assert found["model=cnn/0"][:3] == ["running", "1/3", f"{100 * float(first[6]):.1f}"]
    assert "baseline/seed=1 failed" in ended.stdout and "ValueError: the cat is on the keyboard." in ended.stdout
    # one of four is done, one failed, and a third of another
    assert "58 %" in ended.stdout.splitlines()[1] and "left" in ended.stdout.splitlines()[1]


def test_what_is_no_terminal_gets_one_view_at_the_end_too(finished):
    ended = ablate(finished, "watch", "outputs/s")
    assert ended.returncode == 0 and "all runs have ended" in ended.stdout and "\x1b" not in ended.stdout
    assert [words[:2] for words in rows(ended.stdout).values()] == [["completed", "3/3"]] * 4
    accuracy = json.loads((finished / "outputs/s/model=cnn/seed=1/run.json").read_text())["metrics"]["val_accuracy"]
    assert rows(ended.stdout)["model=cnn/1"][2] == f"{100 * accuracy:.1f}"
    one = ablate(finished / "outputs/s/baseline/seed=0", "watch", ".")
    assert one.returncode == 0 and one.stdout.startswith("seed=0  1 run  1 completed\n")


def test_nothing_is_written_where_it_is_watched(middle):
    before = sorted((path, path.stat().st_mtime_ns) for path in middle.rglob("*") if not path.name.endswith(".lock"))
    assert ablate(middle, "watch", "s").returncode == 0
    assert before == sorted(
        (path, path.stat().st_mtime_ns) for path in middle.rglob("*") if not path.name.endswith(".lock")
    )


def test_a_terminal_shows_what_changes_until_the_last_run_ends(middle):
    study = middle / "outputs/s"
    with lock(study / "model=cnn/seed=0"):
        child = spawn(middle, "s", "--every", "0.1")
        child.expect(r"model=cnn +0 +running +1/3")
        with open(study / "model=cnn/seed=0/metrics.csv", "a") as file:
            file.write("\n")  # what was half written is no epoch: it lacks fields
        child.expect(r"model=cnn +0 +running +1/3")
    child.expect(r"model=cnn +0 +interrupted")
    become(study / "model=cnn/seed=0", "failed", "It stopped.")
    child.expect("It stopped")
    shutil.copytree(study / "baseline/seed=0", study / "model=cnn/seed=1")  # of another configuration
    child.expect(r"model=cnn +1 +stale")
    become(study / "model=cnn/seed=1", "failed")
    run = json.loads((study / "model=cnn/seed=1/run.json").read_text())
    planned = json.loads((study / "study.json").read_text())["runs"][3]
    (study / "model=cnn/seed=1/run.json").write_text(json.dumps({**run, "config_sha256": planned["config_sha256"]}))
    child.expect("all runs have ended")
    child.expect(pexpect.EOF)
    assert "all runs have ended" in child.before.decode()  # it stays on the terminal, after the screen is given back
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_q_and_ctrl_c_end_it(middle, key):
    child = spawn(middle, "s", "--every", "3600")
    child.expect(r"model=cnn +1 +missing")
    child.send(key)
    child.expect(pexpect.EOF)
    assert "Traceback" not in child.before.decode() and "\x1b[?25h" in child.before.decode()  # the cursor is back
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "nothing is not a study"),
        (("s", "--every", "0"), "not between"),
        (("s", "--every", "soon"), "invalid"),
        (("s", "--evry", "1"), "unrecognized"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(middle, words, said):
    ended = ablate(middle, "watch", *words)
    assert ended.returncode == 2 and said in ended.stderr and "Traceback" not in ended.stderr


def test_a_terminal_without_blocks_is_no_reason_to_fail(finished, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "PYTHONIOENCODING", "ascii")
    ended = alone(finished, "watch", "s")
    assert ended.returncode == 0 and "completed" in ended.stdout and ended.stdout.isascii()
