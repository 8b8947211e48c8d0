"""What a report states about planned looks: those taken, the runs saved, and runs that were replaced after a look."""

import json

import pytest

from ablate.analysis.analyze import analyze
from ablate.analysis.report.stage_sentences import looked
from ablate.analysis.results import Results
from ablate.analysis.sources.any_source import Asked, results
from ablate.analysis.tables import all_tables
from ablate.runs import stages
from ablate.runs.stages import StageLook

SEEDS = range(6)
BASE = {0: 0.700, 1: 0.712, 2: 0.705, 3: 0.708, 4: 0.711, 5: 0.703}
NOISE = (0.000, 0.002, -0.001, 0.001, -0.002, 0.001)
FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}


def against(difference: float, seeds: int) -> dict[int, float]:
    """The results of a variant on the first seeds, at about this difference from the baseline."""
    return {seed: BASE[seed] + difference + NOISE[seed] for seed in SEEDS[:seeds]}


@pytest.fixture
def study(make_study):
    """Looks after 3 and 6 seeds: model=b is decided at the first, norm=y at the second, both together at the second."""
    stopped = {**against(-0.2, 3), 3: None, 4: None, 5: None}
    values = {"baseline": BASE, "model=b": stopped, "norm=y": against(0.05, 6), "model=b+norm=y": against(-0.1, 6)}
    return make_study(values, FACTORS, stages=[3, 6], metric={"margin": 1.0}, secondary=["val_loss"])


def taken(folder, *decided: dict[str, str]) -> Results:
    looks = [StageLook(time="t", seeds=seeds, decided=names) for seeds, names in zip((3, 6), decided, strict=False)]
    stages.write(folder, looks)
    return analyze(folder)


FIRST, SECOND = {"model=b": "worse"}, {"norm=y": "better", "model=b+norm=y": "worse"}


def test_before_the_first_look_nothing_is_compared(study):
    (text,) = looked(analyze(study))
    assert text == (
        "Stages: looks were planned after 3, 6 seeds, and 0 of these 2 looks were taken. Nothing is compared before the"
        " first look."
    )


def test_runs_are_saved_once_no_look_is_left(study):
    midway = looked(taken(study, FIRST))[0]
    assert "1 of these 2 looks was taken" in midway and "12 runs so far instead of 24 (50 %)" in midway
    ended = looked(taken(study, FIRST, SECOND))[0]
    assert "2 of these 2 looks were taken" in ended and "21 runs instead of 24 (88 %)" in ended  # 6 + 3 + 6 + 6


def test_effects_of_factors_and_secondary_metrics_are_over_the_seeds_that_all_variants_have(study):
    whole = taken(study, FIRST, SECOND)
    assert all_tables(whole)["secondary"].cells["n (seeds)"].tolist() == ["3"] * 4
    assert whole.contrasts is not None and set(whole.contrasts["n"]) == {3}
    text = "Effects of factors and secondary metrics are over the first 3 seeds, which all variants have."
    assert text in looked(whole)
    before = whole.contrasts["mean"].tolist()
    run = study / "norm=y/seed=5/run.json"
    record = json.loads(run.read_text())
    run.write_text(json.dumps(record | {"metrics": record["metrics"] | {"val_accuracy": 0.1}}))
    assert analyze(study).contrasts["mean"].tolist() == before


def test_runs_that_were_replaced_after_their_look_are_named(study):
    assert len(looked(taken(study, FIRST, SECOND))) == 2
    texts = looked(taken(study, {"model=b": "better"}, SECOND))
    assert texts[-1].startswith("The runs of model=b (better at its look, now worse) were replaced or changed")


def test_another_metric_than_that_of_the_looks_says_nothing_of_replaced_runs(study):
    stages.write(study, [StageLook(time="t", seeds=3, decided={"model=b": "better"})])
    assert "replaced" in " ".join(looked(results(study, Asked())))
    assert "replaced" not in " ".join(looked(results(study, Asked(metric="val_loss"))))
