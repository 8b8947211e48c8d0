"""The metrics in a run's record that follow from its validation predictions, and the metric that selected its epoch."""

import math

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.evaluation.predicted_metrics import METRICS
from ablate.training.results import further_metrics, monitor_of


def test_further_metrics_are_those_of_the_reporting_images():
    """Of 3 and 1 reporting images, 2 and 1 are correct: balanced accuracy (2/3 + 1) / 2. The last image is wrong."""
    labels, predicted = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 0, 1, 1, 0])
    reporting = np.array([True, True, True, True, False])
    names = ["val_accuracy", "val_balanced_accuracy"]  # metrics.csv has the first
    further = further_metrics(names, labels, 5 * torch.eye(2)[predicted], reporting)
    assert further == {"val_balanced_accuracy": pytest.approx(5 / 6)}


@pytest.mark.parametrize("classes", [2, 7])
def test_a_diverged_run_has_every_metric(classes):
    logits = torch.full((4, classes), math.nan)
    further = further_metrics(list(METRICS), torch.tensor([0, 1, 0, 1]), logits, np.ones(4, bool))
    assert set(further) == set(METRICS)
    assert all(math.isnan(further[name]) for name in ("val_nll", "val_ece", "val_auroc"))


@pytest.mark.parametrize(
    ("selection", "monitor", "recorded"),
    [
        ("best_val", "val_macro_f1", "val_macro_f1"),
        ("best_val", "val_accuracy", None),
        ("last", "val_macro_f1", None),
    ],
)
def test_the_monitored_metric_is_recorded_if_it_selected_the_epoch(selection, monitor, recorded):
    assert monitor_of(OmegaConf.create({"selection": selection, "monitor": monitor})) == recorded
