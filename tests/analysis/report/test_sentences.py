"""What is said of a study, and what is not."""

import msgspec
import pandas as pd

from ablate.analysis import collect
from ablate.analysis.effects import effects as compare
from ablate.analysis.report import sentences
from ablate.runs.study_plan import StudyPlan

FACTORS = {"model": ["a", "b", "c"]}


def plan(factors: dict[str, list[str]], design: str = "factorial") -> StudyPlan:
    """A plan of one run."""
    run = {"variant": "baseline", "factors": {}, "seed": 0, "folder": "baseline", "config_sha256": ""}
    content = {"name": "s", "design": design, "baseline": {}, "factors": factors, "seeds": [0], "command": ""}
    return msgspec.convert({**content, "runs": [run]}, StudyPlan)


PLAN = plan(FACTORS)


def test_the_question_is_of_the_factors_that_vary():
    factors = {"model": ["a", "b"], "norm": ["x"], "seed_of_split": ["0", "1"]}
    assert sentences.question(plan(factors)) == (
        "This study asks what model and seed_of_split change in validation accuracy."
    )
    assert sentences.question(PLAN) == "This study asks what model changes in validation accuracy."


def test_notes_name_mixed_code_lost_pairs_and_lost_curves(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: "failed"}, "model=b": {0: 0.5, 1: 0.7, 2: 0.6}, "model=f": {7: 0.5}}
    study = make_study(results, FACTORS, code=lambda variant, seed: "abc" if seed else "xyz")
    (study / "model=b" / "seed=1" / "metrics.csv").unlink()
    runs = collect.collect(study)
    code, one, other, curves = sentences.notes(runs, collect.curves(study, runs), compare(runs))
    assert "mixed code: xyz (2 runs), abc (4 runs)" in code
    assert one.startswith("model=b: 1 completed without a baseline run") and "left out" in one
    assert other.startswith("model=f: 1 completed") and "by Welch's t" in other
    assert curves.startswith("1 completed runs have no whole metrics.csv")


def test_a_plain_study_needs_no_notes(make_study):
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.5}}, FACTORS)
    runs = collect.collect(study)
    assert sentences.notes(runs, collect.curves(study, runs), compare(runs)) == []


def test_what_a_study_of_this_size_cannot_tell(make_study):
    results = {name: {0: 0.5 + x, 1: 0.6, 2: 0.7} for name, x in (("baseline", 0), ("model=b", 0.1), ("model=c", 0.2))}
    power, best = sentences.limits(PLAN, compare(collect.collect(make_study(results, FACTORS))))
    # A million simulated studies of 4.625 at alpha .025 find it 4 times in 5 (stats/test_power.py).
    assert "With 3 seeds" in power and "over 2 comparisons" in power and "4.62 standard deviations" in power
    assert "highest of 3 means is too high by 0.85" in best  # 1.5 / sqrt(pi)
    one = compare(collect.collect(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name="one")))
    assert sentences.limits(PLAN, one) == ["With one seed nothing can be tested: the study is descriptive."]


def test_interactions_that_were_not_tested_are_named(make_study):
    table = compare(collect.collect(make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}}, FACTORS)))
    two = {"model": ["a", "b"], "norm": ["x", "y"]}
    said = {design: " ".join(sentences.limits(plan(two, design), table)) for design in ("factorial", "cumulative")}
    assert "not estimable" in said["cumulative"] and "not estimable" not in said["factorial"]
    for kinds, unseen in (["main", "main"], True), (["main", "interaction"], False):
        drawn = sentences.limits(plan(two, "random"), table, pd.DataFrame({"kind": kinds}))
        assert ("not estimable" in " ".join(drawn)) == unseen


def test_without_a_baseline_run_it_is_said_once(make_study):
    study = make_study({"baseline": {0: "diverged"}, "model=b": {0: 0.6}}, FACTORS)
    runs = collect.collect(study)
    said = sentences.notes(runs, collect.curves(study, runs), compare(runs))
    assert said == ["The baseline has no completed run: nothing can be compared."]


def test_a_change_is_named_as_in_the_configuration(make_study):
    found = [sentences._change(*change) for change in (
        ("normalization._target_", "ablate.normalization.none", "ablate.normalization.batch"),
        ("model.hidden", "—", "[128, 256]"), ("optimizer.momentum", "0.9", "—"), ("optimizer.lr", "0.1", "0.01"),
    )]  # fmt: skip
    assert found == ["normalization batch, not none", "model.hidden [128, 256]", "no optimizer.momentum",
                     "optimizer.lr 0.01, not 0.1"]  # fmt: skip


def test_equal_differences_are_named(make_study):
    study = make_study(
        {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}, "model=c": {0: 0.6, 1: 0.9}}, FACTORS
    )
    runs = collect.collect(study)
    (said,) = sentences.notes(runs, collect.curves(study, runs), compare(runs))
    assert said.startswith("All seeds differ") and said.endswith("nothing to test: model=b.")


def test_a_plan_without_its_baseline_is_said(make_study):
    study = make_study({"model=b": {0: 0.5, 1: 0.6}}, FACTORS)
    runs = collect.collect(study)
    assert "nothing can be compared" in sentences.notes(runs, collect.curves(study, runs), compare(runs))[0]


def test_what_is_equivalent_has_the_p_of_that_test(make_study):
    """Differences of 0 and .1 points in turn: mean .05, SD .0548; t = (.05 - 1) / (.0548 / sqrt 6) = -42.5."""
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    runs = collect.collect(make_study({"baseline": dict.fromkeys(range(6), 0.9), "model=b": near}, FACTORS))
    (said,) = sentences.verdicts(compare(runs, margin=1.0), runs)
    assert said.startswith("Shown to be equivalent") and "n = 6, p of equivalence < 0.001)" in said


def test_a_hyphen_of_a_name_is_no_minus(make_study):
    levels = {"lr": ["1e-1", "1e-3"]}
    study = make_study({"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "lr=1e-3": {0: 0.4, 1: 0.42, 2: 0.42}}, levels)
    runs = collect.collect(study)
    assert "lr=1e-3 (−20.0 points" in sentences.verdicts(compare(runs), runs)[0]
