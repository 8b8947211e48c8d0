"""Pruning of a run that was interrupted and resumed."""

import pytest

from ablate.runs.metric import named
from ablate.training.pruning import Pruned, Pruner, open_study

SETTINGS = {
    "sampler": {"_target_": "optuna.samplers.RandomSampler", "seed": 0},
    "pruner": {"_target_": "optuna.pruners.ThresholdPruner", "lower": 0.5},
}
ROWS = [{"epoch": epoch, "val_accuracy": accuracy} for epoch, accuracy in enumerate((0.9, 0.8, 0.1), 1)]


@pytest.mark.parametrize(("epochs", "stops"), [(4, [3]), (3, [])])
def test_a_resumed_run_is_judged_by_its_last_epoch_unless_it_is_finished(tmp_path, epochs, stops):
    metric = named("val_accuracy")
    trial = open_study(tmp_path, SETTINGS, metric).ask()
    for row in ROWS:
        trial.report(row["val_accuracy"], row["epoch"])
    pruner, stopped = Pruner(tmp_path, trial.number, SETTINGS, epochs, metric), []
    for row in ROWS:
        try:
            pruner.log(row)
        except Pruned as stop:
            stopped.append(stop.row["epoch"])
    assert stopped == stops
