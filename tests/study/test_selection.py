"""Which runs are tested: chosen by hand from validation accuracies."""

import json

import pytest

from ablate.study.selection import choose
from ablate.terminal.errors import InputError

FACTORS = {"model": ["a", "b", "c", "d"]}
RESULTS = {
    "baseline": {0: 0.5, 1: 0.6, 2: "diverged"},
    "model=b": {0: 0.6, 1: 0.9, 2: 0.7},  # mean .733
    "model=c": {0: 0.8, 1: 0.8, 2: 0.7},  # mean .767
    "model=d": {0: 0.95, 1: 0.95, 2: "diverged"},  # two that are better, one that is none
}


def test_the_highest_mean_of_those_that_completed(make_study):
    study = make_study(RESULTS, FACTORS)
    found = choose(study)
    assert (found.chosen, found.of) == ("model=c", 2)
    assert found.best == {"model=c": study / "model=c/seed=0", "baseline": study / "baseline/seed=1"}
    assert list(found.runs) == ["model=c", "baseline"]
    assert found.runs["baseline"] == {seed: study / f"baseline/seed={seed}" for seed in (0, 1)}
    assert found.validation[study / "model=c/seed=2"] == 0.7


def test_the_baseline_may_be_the_best(make_study):
    found = choose(make_study({"baseline": {0: 0.9}, "model=b": {0: 0.9}}, FACTORS))
    assert found.chosen == "baseline" and list(found.runs) == ["baseline"]


@pytest.mark.parametrize("hole", [None, "failed", "interrupted"])
def test_an_incomplete_study_has_no_choice_yet(make_study, hole):
    study = make_study({**RESULTS, "model=b": {0: 0.99, 1: hole}}, FACTORS)
    with pytest.raises(InputError, match=r"1 of the 11 planned runs .* --allow-partial"):
        choose(study)
    assert choose(study, allow_partial=True).chosen == "model=b"


def test_without_a_whole_variant_nothing_is_chosen(make_study):
    with pytest.raises(InputError, match="No variant of .* completed on all seeds"):
        choose(make_study({"baseline": {0: 0.5, 1: "diverged"}}, FACTORS))


@pytest.mark.parametrize("accuracy", [None, 7.0, "high"])
def test_a_completed_run_without_an_accuracy_is_named(make_study, accuracy):
    study = make_study({"baseline": {0: 0.5}}, FACTORS)
    path = study / "baseline/seed=0/run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "metrics": {"val_accuracy": accuracy}}))
    with pytest.raises(InputError, match="seed=0|no result"):
        choose(study)
