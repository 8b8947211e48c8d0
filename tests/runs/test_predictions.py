"""The stored predictions give the recorded numbers."""

import numpy as np
import pytest

from ablate.runs import predictions
from tests.processes import ablate, record

EVERY = np.ones(4, dtype=bool)


def test_predictions_of_a_run_with_huge_logits_give_the_recorded_accuracy(tmp_path):
    words = ("data=digits", "model=mlp", "data.train_limit=200", "optimizer=adam", "optimizer.lr=10")
    ended = ablate(tmp_path, "train", *words, "trainer.epochs=3", "trainer.threads=1", "hydra.run.dir=r")
    assert ended.returncode == 0, ended.stderr
    stored = np.load(tmp_path / "r/val_predictions.npz")
    assert np.abs(stored["logits"]).max() > 65504 and np.isfinite(stored["logits"]).all()
    accuracy = (stored["logits"].argmax(1) == stored["label"]).mean()
    assert accuracy == pytest.approx(record(tmp_path / "r")["metrics"]["val_accuracy"])


@pytest.mark.parametrize(
    ("logits", "kind"),
    [
        ([[1.0, 2.0], [3.0, 0.5]], "float16"),
        ([[1.0, 70000.0]], "float32"),  # beyond float16
        ([[1.0, 1.0001]], "float32"),  # a tie in float16
        ([[float("nan"), 1.0]], "float32"),
    ],
)
def test_float16_is_kept_where_it_keeps_each_prediction(logits, kind):
    assert predictions.compact(np.array(logits, np.float32)).dtype == kind


def test_a_file_of_another_accuracy_is_reported(tmp_path, caplog):
    predictions.write(tmp_path, np.arange(4), np.array([0, 1, 0, 1]), np.eye(2, dtype=np.float32)[[0, 1, 0, 0]], EVERY)
    predictions.check(tmp_path, 0.75)
    assert not caplog.text
    predictions.check(tmp_path, 1.0)
    assert "accuracy of 75.00 %, but 1.0 is recorded" in caplog.text
