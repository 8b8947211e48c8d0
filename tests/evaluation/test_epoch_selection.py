"""Selecting an epoch must not make the accuracy that is reported too high."""

import numpy as np
import pandas as pd
import pytest
import torch

from ablate.analysis.effects import effects
from ablate.evaluation.epoch_selection import reporting_half, selection_score
from ablate.terminal.errors import InputError

IMAGES, EPOCHS, SEEDS = 1000, 10, 5


def test_the_half_is_stratified_and_the_same_for_all_runs():
    labels = torch.arange(7).repeat(40)[torch.randperm(280, generator=torch.Generator().manual_seed(1))]
    half = reporting_half(labels, "best_val", 3)
    assert half.dtype == torch.bool and torch.bincount(labels[half], minlength=7).tolist() == [20] * 7
    assert torch.equal(half, reporting_half(labels, "best_val", 3))
    assert not torch.equal(half, reporting_half(labels, "best_val", 4))
    assert reporting_half(labels, "last", 3).all()
    assert reporting_half(torch.tensor([0, 1]), "best_val", 0).sum() == 1


def test_no_group_selects_the_epoch_and_reports_it():
    groups, labels = np.arange(60) // 3, torch.arange(60) // 3 % 2
    half = reporting_half(labels, "best_val", 0, groups).numpy()
    assert not set(groups[half]) & set(groups[~half]) and 20 <= half.sum() <= 40
    assert set(labels[half].tolist()) == set(labels[~half].tolist()) == {0, 1}
    assert reporting_half(labels, "last", 0, groups).all()


def test_a_single_group_cannot_be_halved():
    with pytest.raises(InputError, match="too few groups .* trainer.selection=last"):
        reporting_half(torch.arange(4) % 2, "best_val", 0, np.zeros(4, np.int64))


# Of four images, of which 0 and 2 report: by epoch, the logits of images 1 and 3, whose labels are 0 and 1.
BY_EPOCH = {"unsure": [[0.1, 0.0], [0.1, 0.0]], "right": [[0.2, 0.0], [0.0, 0.2]], "sure": [[9.0, 0.0], [5.0, 0.0]]}


@pytest.mark.parametrize(
    ("monitor", "best"),
    [
        ("val_accuracy", "right"),
        ("val_loss", "right"),
        ("val_nll", "right"),
        ("val_macro_f1", "right"),
        ("val_ece", "unsure"),
    ],
)
def test_the_epoch_is_the_best_one_in_the_monitored_metric(monitor, best):
    """Accuracies 1/2, 1, 1/2; mean confidences .52, .55, .99, of which the first is nearest to its accuracy."""
    labels, reporting = torch.tensor([0, 0, 1, 1]), torch.tensor([True, False, True, False])
    scores = {}
    for name, (one, three) in BY_EPOCH.items():
        logits = torch.tensor([[0.0, 9.0], one, [9.0, 0.0], three])  # the reporting images are all wrong
        scores[name] = selection_score(1, logits, labels, reporting, monitor)
        assert selection_score(7, logits, labels, torch.ones(4, dtype=torch.bool), monitor) == 7  # the last epoch
    assert max(scores, key=scores.__getitem__) == best


@pytest.mark.parametrize("monitor", ["val_auroc", "val_macro_f1", "val_loss"])
def test_an_epoch_without_the_metric_is_not_selected(monitor):
    labels = torch.zeros(2, dtype=torch.long)  # one class has no AUROC
    logits = torch.full((2, 2), torch.nan if monitor != "val_auroc" else 0.0)
    assert selection_score(1, logits, labels, torch.tensor([True, False]), monitor) == -torch.inf


def reported(seeds: np.ndarray, churning: int, rng: np.random.Generator, half: torch.Tensor | None) -> list[float]:
    """The accuracy that a run of each seed reports: selected on one half by the code that trains, or on all images.

    Every epoch classifies 80 % of the images correctly on average. `churning` of them are a coin toss in each epoch,
    an SD of sqrt(churning) / 2 images over epochs; the others stay, as many as make up for the seed's effect.
    """
    labels, accuracies = torch.zeros(IMAGES, dtype=torch.long), []
    for effect in seeds:
        certain = np.zeros(IMAGES, bool)
        order = rng.permutation(IMAGES)
        certain[order[churning : churning + round((0.8 + effect) * IMAGES - churning / 2)]] = True
        epochs = np.tile(certain, (EPOCHS, 1))
        epochs[:, order[:churning]] = rng.random((EPOCHS, churning)) < 0.5
        if half is None:
            accuracies.append(float(epochs.mean(1).max()))
            continue
        logits = torch.from_numpy(np.stack([epochs, ~epochs], 2)).float()
        scores = [selection_score(epoch + 1, logits[epoch], labels, half, "val_accuracy") for epoch in range(EPOCHS)]
        best = max(range(EPOCHS), key=scores.__getitem__)  # the first maximum
        accuracies.append(float((logits[best, half].argmax(1) == 0).float().mean()))
    return accuracies


def claim_rates(studies: int, half: torch.Tensor | None) -> tuple[float, float]:
    """How often `better` and `worse` are printed of a recipe as good as the baseline, with noisier epochs."""
    rng, verdicts = np.random.default_rng(5), []
    for _ in range(studies):
        seeds = rng.normal(0, 0.003, (2, SEEDS))  # .3 points between seeds
        values = reported(seeds[0], 36, rng, half) + reported(seeds[1], 256, rng, half)  # SD .3 and .8 points
        runs = pd.DataFrame({"variant": ["baseline"] * SEEDS + ["model=b"] * SEEDS, "model": ["a"] * 5 + ["b"] * 5})
        runs = runs.assign(seed=[*range(SEEDS)] * 2, status="completed", val_accuracy=values)
        verdicts.append(effects(runs)["verdict"].iloc[1])
    return verdicts.count("better") / studies, verdicts.count("worse") / studies


@pytest.mark.integration
def test_the_maximum_over_epochs_calls_an_equal_recipe_better():
    """What the reporting half is for: the rule before it."""
    better, worse = claim_rates(300, None)
    assert better > 0.3 and worse < 0.01


@pytest.mark.integration
def test_the_other_half_calls_an_equal_recipe_better_or_worse_in_one_of_twenty_studies():
    better, worse = claim_rates(4000, reporting_half(torch.zeros(IMAGES, dtype=torch.long), "best_val", 0))
    assert 0.035 < better + worse <= 0.055 and better <= 0.035


@pytest.mark.integration
def test_the_other_half_rarely_calls_an_equal_recipe_better():
    better, worse = claim_rates(300, reporting_half(torch.zeros(IMAGES, dtype=torch.long), "best_val", 0))
    assert better + worse <= 0.09  # 5 % plus three standard errors
