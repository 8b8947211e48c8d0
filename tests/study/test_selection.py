"""The selected runs, compared with a selection by hand."""

import json

import pytest

from ablate.study.selection import choose
from ablate.terminal.errors import InputError

FACTORS = {"model": ["a", "b", "c", "d"]}
RESULTS = {
    "baseline": {0: 0.5, 1: 0.6, 2: "diverged"},
    "model=b": {0: 0.6, 1: 0.9, 2: 0.7},  # mean .733
    "model=c": {0: 0.8, 1: 0.8, 2: 0.7},  # mean .767
    "model=d": {0: 0.95, 1: 0.95, 2: "diverged"},  # excluded: one run diverged
}


def test_the_highest_mean_without_diverged_runs_is_selected(make_study):
    study = make_study(RESULTS, FACTORS)
    choice = choose(study)
    assert (choice.chosen, choice.of) == ("model=c", 2)
    assert choice.best == {"model=c": study / "model=c/seed=0", "baseline": study / "baseline/seed=1"}
    assert list(choice.runs) == ["model=c", "baseline"]
    assert choice.runs["baseline"] == {seed: study / f"baseline/seed={seed}" for seed in (0, 1)}
    assert choice.validation[study / "model=c/seed=2"] == 0.7


def test_of_a_loss_the_lowest_mean_is_selected(make_study):
    study = make_study({"baseline": {0: 0.9, 1: 0.9}, "model=b": {0: 0.5, 1: 0.5}}, FACTORS, metric={"name": "val_loss",
                       "direction": "min", "unit": "", "scale": 1})  # fmt: skip
    for place, loss in {
        "baseline/seed=0": 0.4,
        "baseline/seed=1": 0.5,
        "model=b/seed=0": 0.3,
        "model=b/seed=1": 0.2,
    }.items():
        path = study / place / "run.json"
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "metrics": {**record["metrics"], "val_loss": loss}}))
    choice = choose(study)
    assert choice.chosen == "model=b" and choice.best["model=b"] == study / "model=b/seed=1"


def test_the_baseline_can_be_selected(make_study):
    choice = choose(make_study({"baseline": {0: 0.9}, "model=b": {0: 0.9}}, FACTORS))
    assert choice.chosen == "baseline" and list(choice.runs) == ["baseline"]


@pytest.mark.parametrize("status", [None, "failed", "interrupted"])
def test_an_incomplete_study_is_refused(make_study, status):
    study = make_study({**RESULTS, "model=b": {0: 0.99, 1: status}}, FACTORS)
    with pytest.raises(InputError, match=r"1 of the 11 planned runs .* --allow-partial"):
        choose(study)
    assert choose(study, allow_partial=True).chosen == "model=b"


def test_a_study_without_candidates_is_refused(make_study):
    with pytest.raises(InputError, match="No variant of .* completed on all seeds"):
        choose(make_study({"baseline": {0: 0.5, 1: "diverged"}}, FACTORS))


@pytest.mark.parametrize("accuracy", [None, 7.0, "high"])
def test_a_completed_run_with_an_invalid_accuracy_is_refused(make_study, accuracy):
    study = make_study({"baseline": {0: 0.5}}, FACTORS)
    path = study / "baseline/seed=0/run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "metrics": {"val_accuracy": accuracy}}))
    with pytest.raises(InputError, match="seed=0|no result"):
        choose(study)
