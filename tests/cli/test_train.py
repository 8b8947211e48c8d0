"""Single runs from the command line."""

import re
import signal
import subprocess
import sys

import pexpect
import pytest

from tests.processes import ENVIRONMENT, SMALL, ablate, alone, heeds_interrupts, record


def test_a_run_writes_the_documented_files(tmp_path):
    ended = ablate(tmp_path, "train", *SMALL, "model=cnn", "normalization=batch", "seed=4")
    assert ended.returncode == 0, ended.stderr
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files.discard("code.patch")  # only written if the checkout has uncommitted changes
    hydra = {f".hydra/{name}.yaml" for name in ("config", "hydra", "overrides")}
    samples = "samples.npz"  # augmented images for the report
    assert files == {"run.json", "metrics.csv", "val_predictions.npz", "model.pt", "train.log", samples, *hydra}
    run = record(folder)
    assert (run["status"], run["seed"], run["study"], run["variant"]) == ("completed", 4, None, None)
    assert run["rerun"] == "ablate train " + " ".join(SMALL) + " model=cnn normalization=batch seed=4"
    assert set(run["metrics"]) >= {"val_accuracy", "val_loss", "train_accuracy", "train_loss"}
    assert set(run["seconds"]) >= {"setup", "train", "total"}
    # Without a terminal: one plain line per epoch, no control characters.
    assert len(re.findall(r"^epoch 1/1  train loss", ended.stderr, re.M)) == 1 and "\x1b" not in ended.stderr


def test_the_rerun_command_gives_the_same_weights(tmp_path):
    assert ablate(tmp_path, "train", *SMALL, "augmentation=flip_crop", "model=alexnet").returncode == 0
    (first,) = (tmp_path / "outputs" / "single").iterdir()
    command = record(first)["rerun"].split()[1:]
    (tmp_path / "again").mkdir()
    assert alone(tmp_path / "again", *command).returncode == 0
    (second,) = (tmp_path / "again" / "outputs" / "single").iterdir()
    assert (first / "model.pt").read_bytes() == (second / "model.pt").read_bytes()


@pytest.mark.integration
def test_a_terminal_shows_a_progress_bar(tmp_path):
    words = ["-m", "ablate.cli", "train", "data=digits", "model=resnet", "normalization=batch", "trainer.epochs=1"]
    child = pexpect.spawn(sys.executable, words, cwd=tmp_path, env={**ENVIRONMENT, "TERM": "xterm"}, timeout=120)
    child.expect(r"epoch 1/1 .*\d+/18.*loss \d")
    child.expect("completed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_ctrl_c_marks_the_run_as_interrupted(tmp_path):
    command = [sys.executable, "-m", "ablate.cli", "train", *SMALL[:1], "trainer.epochs=100000", "model=mlp"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, preexec_fn=heeds_interrupts
    )
    assert "epoch 1/" in process.stderr.readline()  # the first epoch is done
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert process.returncode == 130 and "Interrupted." in errors and "Traceback" not in errors
    assert record(folder)["status"] == "interrupted"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = ablate(tmp_path, "train", *SMALL, "model=cnn", f"hydra.run.dir={folder}")
    assert other.returncode == 2 and "unfinished run with another configuration (ablate train" in other.stderr
    assert "trainer.epochs=100000 model=mlp)" in other.stderr, other.stderr
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.integration
def test_a_full_disk_is_reported_and_fails_the_run(tmp_path):
    # A file size limit of 64 KiB stands in for a full disk: the weights do not fit.
    command = f"ulimit -f 64; exec {sys.executable} -m ablate.cli train {' '.join(SMALL)} model=cnn"
    ended = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    (folder,) = (tmp_path / "outputs" / "single").iterdir()
    assert ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 2, (
        ended.stderr
    )  # the line of an epoch, then the message
    assert record(folder)["status"] == "failed" and not (folder / "model.pt").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".") and path.name != ".hydra"]
