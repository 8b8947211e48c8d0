"""Damage of each file of a run is named. A run as it was written, and a part of its files, have none."""

import json
import re
import shutil
from pathlib import Path

import pytest

from ablate.evaluation import other_test, test_set
from ablate.runs import run_record
from ablate.runs.damage import damaged
from tests.processes import SMALL, ablate

MODEL = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self, classes, channels, image_size, normalization, activation):
        super().__init__(nn.Flatten(), nn.Linear(channels * image_size**2, classes))
"""
TEST_ON = "test-on/contrast.json"
FILES = [".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml", "own_code/mine.py", "metrics.csv",
         "val_predictions.npz", "samples.npz", "test.json", "test_mistakes.npz", "tests.jsonl", TEST_ON]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    (folder / "mine.py").write_text(MODEL)
    words = (*SMALL, "trainer.epochs=3", "model._target_=mine.Net", "hydra.run.dir=one")
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    with pytest.MonkeyPatch.context() as patch:  # not with `ablate test`, which takes seconds to draw figures
        patch.chdir(folder)
        test_set.test(Path("one"), trusted=True)
        runs = other_test.load([Path("one")], True, "cpu")
        conditions = other_test.conditions(other_test.OWN, ["contrast"], runs[0].inputs.classes)
        other_test.evaluate(runs, conditions[:2], "contrast", other_test.OWN, "look")
    return folder / "one"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def problems(run: Path) -> list[str]:
    return damaged(run, run_record.read(run))


def test_a_run_as_it_was_written_has_none(run):
    assert problems(run) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.8])
def test_a_file_that_was_cut_is_named(run, name, share):
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(share * len(content))])
    (problem,) = problems(run)
    assert str((run / name).parent) in problem and problem.endswith(".")


@pytest.mark.parametrize("name", ["val_predictions.npz", "samples.npz", "test_mistakes.npz"])
def test_a_changed_byte_of_a_stored_array_is_named(run, name):
    content = bytearray((run / name).read_bytes())
    content[len(content) // 3] ^= 16  # of the compressed numbers
    (run / name).write_bytes(content)
    (problem,) = problems(run)
    assert problem.startswith(f"{run / name} is damaged")


@pytest.mark.parametrize(
    ("name", "pattern", "instead", "reason"),
    [
        ("metrics.csv", r"\n3,", "\n2,", "readable epochs"),
        ("metrics.csv", r"\n(3,[^,]*),[^,]*,[^,]*", r"\n\1,0.1,9.5", "train_loss of epoch 3 is 9.5"),
        ("metrics.csv", r"val_loss", "val_lass", "columns"),
        ("metrics.csv", r"$", "4,x", "readable epochs"),
        ("test.json", r'"confusion": \[\s*\[\s*\d+', '"confusion": [[77', "confusion matrix"),
        ("test.json", r'"index": \d+', '"index": 5000', "earlier test"),
        (".hydra/config.yaml", "epochs: 3", "epochs: 4", "hash"),
        (".hydra/overrides.yaml", "epochs=3", "epochs=4", "overrides"),
        ("own_code/mine.py", "Flatten", "Dropout", "hash"),
        (TEST_ON, '"accuracy": ', '"accuracy": 7', "accuracy"),
    ],
)  # fmt: skip
def test_a_changed_value_is_named(run, name, pattern, instead, reason):
    text = (run / name).read_text()
    changed = re.sub(pattern, instead, text, count=1)
    assert changed != text
    (run / name).write_text(changed)
    (problem,) = problems(run)
    assert str(run) in problem and reason in problem


def test_predictions_of_another_run_are_named(run):
    content = json.loads((run / "run.json").read_text())
    content["metrics"]["val_accuracy"] = 0.5
    (run / "run.json").write_text(json.dumps(content))
    assert [Path(problem.split()[0]).name for problem in problems(run)] == ["metrics.csv", "val_predictions.npz"]


def test_a_lost_file_is_named_in_a_run_and_not_in_a_submission(run):
    lost = [".hydra/hydra.yaml", "own_code/mine.py", "metrics.csv", "val_predictions.npz", "samples.npz"]
    for name in lost:
        (run / name).unlink()
    assert sorted(problems(run)) == sorted(f"{run / name} is missing." for name in lost)
    (run / "code/ablate").mkdir(parents=True)
    (run / "code/ablate/__init__.py").touch()
    assert problems(run) == []


@pytest.mark.parametrize("name", ["hydra.yaml", "overrides.yaml"])
def test_of_hydras_two_records_the_lost_one_is_named(run, name):
    (run / ".hydra" / name).unlink()
    assert problems(run) == [f"{run / '.hydra' / name} is missing."]


def test_without_a_recorded_epoch_no_file_is_blamed(run):
    content = json.loads((run / "run.json").read_text())
    del content["metrics"]["epoch"]
    (run / "run.json").write_text(json.dumps(content))
    assert problems(run) == []
