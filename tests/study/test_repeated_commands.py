"""What a command on an existing study prints: what it keeps, what it changes, and what to do about an error."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.processes import SMALL, ablate, finish, record, start

STUDY = ("-m", "study.name=s", *SMALL, "model=mlp", "model.hidden=[8]")
LEVELS = ("normalization=none,batch", "seed=0,1,2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a finished study of two variants and three seeds."""
    folder = tmp_path_factory.mktemp("finished")
    ended = ablate(folder, "train", *STUDY, *LEVELS)
    assert ended.returncode == 0 and "6 of 6 runs done; write the report with: ablate report outputs/s" in ended.stderr
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("normalization=none,batch", "seed=0"), "The study has 4 more runs (seeds 1, 2), not named in this command."),
        (("normalization=none,batch", "seed=0,2"), "The study has 2 more runs (seed 1), not named in this command."),
        (("normalization=none,batch", "seed=0,1,2", "study.margin=4"), "study.margin was 1, now 4 after 6 runs had a"),
        (("normalization=none,batch", "seed=0,1,2", "study.margin=null"), "study.margin was 1, now null after 6 runs"),
        (("normalization=none,batch", "seed=0,1,2", "--retrain"), "--retrain: no run has other settings"),
        (("normalization=none,batch", "seed=0", "trainer.epochs=2", "--retrain"),
         "--retrain: 6 earlier runs were moved to .replaced/"),
    ],
)  # fmt: skip
def test_a_command_states_what_it_keeps_and_changes(folder, words, message):
    ended = ablate(folder, "train", *STUDY, *words)
    assert ended.returncode == 0 and message in ended.stderr, ended.stderr


def test_the_same_command_states_neither(folder):
    ended = ablate(folder, "train", *STUDY, *LEVELS)
    assert ended.returncode == 0 and "6 of them already done" in ended.stderr
    assert not re.search("retrain|margin|not named", ended.stderr)


@pytest.mark.parametrize("verb", ["train", "plan"])
@pytest.mark.parametrize("flags", [(), ("--retrain",), ("--extend",)])
def test_another_order_of_levels_is_another_baseline(folder, verb, flags):
    words = [word for word in STUDY if word != "-m" or verb == "train"]
    refused = ablate(folder, verb, *words, "normalization=batch,none", "seed=0,1,2", *flags)
    assert refused.returncode == 2 and "another baseline" in refused.stderr, refused.stderr
    assert "normalization was none, now batch" in refused.stderr and "No run needs retraining" in refused.stderr
    assert "put the old baseline first (normalization=none,...)" in refused.stderr
    assert "--retrain" not in refused.stderr


def test_identical_failures_are_printed_once_with_their_number(tmp_path):
    (tmp_path / "my_model.py").write_text("def net(**settings): raise ValueError('no such network')")
    words = ("-m", "study.name=f", *SMALL, "model._target_=my_model.net")
    ended = ablate(tmp_path, "train", *words, "optimizer.lr=0.1,0.2", "seed=0,1,2")
    assert ended.returncode == 1
    assert len(re.findall("6 runs: baseline/seed=0, baseline/seed=1 and 4 others", ended.stderr)) == 1, ended.stderr
    assert ended.stderr.count("train.log ends with") == 1
    assert "0 of 6 runs done" in ended.stderr and "write the report" not in ended.stderr


def test_a_batch_of_one_image_cannot_be_normalized(tmp_path):
    ended = ablate(tmp_path, "train", *STUDY, "normalization=batch", "trainer.batch_size=1", "seed=0,1")
    assert ended.returncode == 2 and "Use a larger trainer.batch_size" in ended.stderr, ended.stderr
    assert "2 runs: baseline/seed=0, baseline/seed=1" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda text: text[: len(text) // 2],
            "run the study's `ablate train` command again, which keeps finished runs",
        ),
        (
            lambda text: text.replace('"batch"', '"layer"').replace('"none"', '"x"', 1),
            "not among the levels of its factor",
        ),
    ],
)
def test_a_damaged_plan_is_refused_with_advice_that_helps(folder, damage, message):
    path = folder / "outputs/s/study.json"
    path.write_text(damage(path.read_text()))
    for words in (("train", *STUDY, *LEVELS), ("status", "s"), ("report", "s")):
        refused = ablate(folder, *words)
        assert refused.returncode == 2 and message in refused.stderr, refused.stderr
    path.unlink()
    again = ablate(folder, "train", *STUDY, *LEVELS)
    assert again.returncode == 0 and "6 of them already done" in again.stderr, again.stderr


def test_a_baseline_that_is_no_level_is_refused(folder):
    path = folder / "outputs/s/study.json"
    plan = json.loads(path.read_text())
    for baseline in ({"normalization": "group"}, {"model": "mlp"}):
        path.write_text(json.dumps(plan | {"baseline": baseline}))
        refused = ablate(folder, "report", "s")
        assert refused.returncode == 2 and "not among the levels of its factor" in refused.stderr, refused.stderr


@pytest.mark.integration
@pytest.mark.parametrize("name", ["study.name=s", ""])
def test_an_interrupted_study_says_how_to_resume(tmp_path, name):
    words = ["train", "-m", *([name] if name else []), "data=digits", "model=mlp", "trainer.epochs=3000", "seed=0"]
    process = start(tmp_path, *words)
    while not list(tmp_path.glob("outputs/*/baseline/seed=0/metrics.csv")):
        assert process.poll() is None
    process.terminate()
    status, text = finish(process)
    (study,) = (tmp_path / "outputs").iterdir()
    advice = (
        "Run the same command again to resume."
        if name
        else f"Resume with the same command and study.name='{study.name}'"
    )
    assert status == 130 and f"Interrupted. {advice}" in text, text


@pytest.mark.integration
def test_an_interrupted_run_says_how_to_resume(tmp_path):
    words = ["train", "data=digits", "model=mlp", "trainer.epochs=60", "trainer.threads=1"]
    process = start(tmp_path, *words)
    while not list(tmp_path.glob("outputs/single/*/checkpoint.pt")):
        assert process.poll() is None
    process.terminate()
    status, text = finish(process)
    (folder,) = (tmp_path / "outputs/single").iterdir()
    advice = re.search("Interrupted. Resume with the same command and (hydra.run.dir=\\S+)", text)
    assert status == 130 and advice, text
    resumed = ablate(tmp_path, *words, advice[1].replace("'", ""))
    assert resumed.returncode == 0 and record(folder)["status"] == "completed", resumed.stderr
    (first,) = re.findall(r"resumes from epoch (\d+) of 60", resumed.stderr)
    shown = [int(number) for number in re.findall(r"^epoch (\d+)/60", resumed.stderr, re.M)]
    assert int(first) > 1 and shown == list(range(int(first), 61))  # no epoch is shown as if it was trained again
    assert f"resumes from epoch {first} of 60" in (folder / "train.log").read_text()
    assert len(list((tmp_path / "outputs/single").iterdir())) == 1
