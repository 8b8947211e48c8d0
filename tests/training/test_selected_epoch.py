"""Which epoch of a run is kept."""

import pytest
import torch
from torch.nn import functional as F

from ablate.evaluation.epoch_selection import reporting_half
from ablate.training import checkpoint
from tests.training.fitted import fit


def test_best_val_selects_on_one_half_of_the_images_and_reports_on_the_other():
    """Every epoch again as the last of a run that long: the one with the highest accuracy on the first half is kept."""
    words = ("model=mlp", "optimizer.lr=0.3", "seed=1")
    _, data, *_, rows, (selected, _, _) = fit(*words, "trainer.epochs=6", "trainer.selection=best_val")
    half = reporting_half(data.val.labels, "best_val", 0)
    scores = []
    for epochs in range(1, 7):
        *_, (last, _, _) = fit(*words, f"trainer.epochs={epochs}", "trainer.selection=last")
        correct = last.val_logits.argmax(1) == data.val.labels
        assert rows[epochs - 1]["val_accuracy"] == pytest.approx(correct.float().mean().item())  # of all images
        scores.append((correct[~half].float().mean().item(), correct[half].float().mean().item(), last))
    best = max(range(6), key=lambda place: scores[place][0])
    assert selected.row["epoch"] == best + 1 and torch.equal(selected.val_logits, scores[best][2].val_logits)
    assert selected.row["val_accuracy"] == pytest.approx(scores[best][1])
    expected = F.cross_entropy(selected.val_logits[half], data.val.labels[half]).item()
    assert selected.row["val_loss"] == pytest.approx(expected)


def test_of_epochs_with_equal_scores_the_first_is_selected():
    words = ("model=mlp", "model.hidden=[8]", "optimizer.lr=1e-12", "trainer.epochs=3", "data.train_limit=64")
    *_, rows, (selected, _, _) = fit(*words, "trainer.selection=best_val")
    assert len({row["val_accuracy"] for row in rows}) == 1 and selected.row["epoch"] == 1


def test_a_checkpoint_holds_the_selected_weights_also_when_they_are_not_the_last(tmp_path, monkeypatch):
    """Steps so small that no prediction changes: the first epoch stays selected. All are done when it resumes."""
    monkeypatch.setattr(checkpoint, "INTERVAL_SECONDS", 0)
    words = ("model=mlp", "model.hidden=[8]", "optimizer.lr=1e-6", "trainer.epochs=3", "data.train_limit=64")
    _, _, parts, *_, (first, _, _) = fit(*words, "trainer.selection=best_val", folder=tmp_path)
    *_, rows, (resumed, history, _) = fit(*words, "trainer.selection=best_val", folder=tmp_path)
    assert first.row["epoch"] == resumed.row["epoch"] == 1 and len(rows) == len(history) == 3
    for name, value in first.weights.items():
        assert torch.equal(resumed.weights[name], value), name
        assert name.endswith("bias") or not torch.equal(parts.model.state_dict()[name], value), name
