"""Factors, levels and baseline of a Hydra multirun, from the overrides of its jobs."""

import json

import pytest

from ablate.analysis.sources.any_source import Asked, results
from ablate.terminal.errors import InputError


def jobs_of(folder, settings, task):
    """A folder with a job for each list of overrides, whose accuracy is the place of the job."""
    for number, words in enumerate(settings):
        (folder / f"{number}/.hydra").mkdir(parents=True)
        (folder / f"{number}/.hydra/overrides.yaml").write_text(json.dumps(words))
        (folder / f"{number}/metrics.json").write_text(json.dumps({"acc": float(number)}))
    (folder / "multirun.yaml").write_text(json.dumps({"hydra": {"overrides": {"task": task}}}))
    return folder


@pytest.mark.parametrize("key", ["hydrator", "hydra_net", "model.hydra", "hydras.net", "model/hydra"])
def test_a_factor_whose_key_begins_like_those_of_hydra(tmp_path, key):
    settings = [[f"+{key}={net}", f"seed={seed}"] for net in "ab" for seed in (0, 1)]
    assert results(jobs_of(tmp_path, settings, [f"+{key}=a,b"]), Asked(metric="acc")).plan.factors == {key: ["a", "b"]}


@pytest.mark.parametrize("word", ["hydra.job.num=", "++hydra.x=", "+hydra/launcher=l", "hydra@x=", "~hydra.y="])
def test_keys_of_hydra_are_no_factors(tmp_path, word):
    settings = [[f"net={net}", f"seed={seed}", f"{word}{net}{seed}"] for net in "ab" for seed in (0, 1)]
    assert list(results(jobs_of(tmp_path, settings, ["net=a,b"]), Asked(metric="acc")).plan.factors) == ["net"]


def test_levels_that_are_no_value_and_texts_of_that_name_stay_apart(tmp_path):
    levels = ["null", "None", "nan", "'null'", "''", "'a b'"]
    settings = [[f"norm={level}", f"seed={seed}"] for level in levels for seed in (0, 1)] + [["seed=0"], ["seed=1"]]
    study = results(jobs_of(tmp_path, settings, [f"norm={','.join(levels)}"]), Asked(metric="acc"))
    assert study.plan.factors["norm"] == ["null", "None", "nan", "'null'", "''", "a b", "(not set)"]
    assert study.effects["n"].tolist() == [2] * 7


def test_the_baseline_of_a_multirun_is_the_first_level_of_each(tmp_path):
    task = ["net=a,b", "lr=2,1", "seed=0,1"]
    settings = [[f"net={net}", f"lr={lr}", f"seed={seed}"] for net in "ba" for lr in (1, 2) for seed in (0, 1)]
    whole = results(jobs_of(tmp_path / "whole", settings, task), Asked(metric="acc"))
    assert whole.plan.baseline == {"net": "a", "lr": "2"}
    assert "Baseline: net=a, lr=2, the first level of each in multirun.yaml" in " ".join(whole.assumptions)
    part = results(jobs_of(tmp_path / "part", settings[:6], task), Asked(metric="acc"))
    assert part.plan.baseline == {"net": "a", "lr": "1"}
    assert "the levels of the first job, 4, as no job has the first level of each" in " ".join(part.assumptions)


def test_jobs_with_equal_factors_are_named_by_their_folders(tmp_path):
    settings = [["net=a", "seed=0"], ["net=b", "seed=0"], ["net=a", "seed=1"], ["net=a", "seed=0"]]
    with pytest.raises(InputError, match="jobs 0, 3 have the same factors"):
        results(jobs_of(tmp_path, settings, ["net=a,b"]), Asked(metric="acc"))
    study = results(jobs_of(tmp_path / "holes", settings[:3], ["net=a,b"]), Asked(metric="acc"))
    assert study.runs["error"].tolist()[-1] == "There is no job for this variant and seed."
