"""Studies with stages through the report's own path: frame of runs -> effects, verdicts, paths."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import verdict
from ablate.analysis.effects import effects
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.verdict_sentences import rule, verdicts
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.stages.paths import stage_paths
from ablate.analysis.stats.expected_runs import decide_simulated
from ablate.analysis.stats.paired import paired_difference
from ablate.analysis.stats.stages import StagePlan
from ablate.analysis.tables import diverged
from ablate.runs.metric import named

METRIC = named("acc", unit="%", margin=1.0)
SIZES = (3, 5, 8)
VARIANTS = ("a", "b", "c")


def looks(*taken: int) -> PlannedLooks:
    """Looks taken at the variants; the baseline is in all."""
    names = dict(zip(VARIANTS, taken, strict=True))
    return PlannedLooks(tuple(tuple(range(size)) for size in SIZES), {"baseline": max(taken), **names})


def frame(values: np.ndarray) -> pd.DataFrame:
    """Runs of the baseline and three variants from their values in points (4, seeds)."""
    return pd.DataFrame(
        [
            {"variant": name, "factor": name, "seed": seed, "status": "completed", "acc": value / 100}
            for name, row in zip(("baseline", *VARIANTS), values, strict=True)
            for seed, value in enumerate(row)
        ]
    )


def study(rng: np.random.Generator, effect=(-1.5, 0.0, 0.6), sd=0.5) -> np.ndarray:
    noise = rng.normal(0, 1, 8) + rng.normal(0, sd, (4, 8))
    return 80 + noise + np.array([0.0, *effect])[:, None]


def test_the_report_decides_as_the_simulations_of_the_error_rates_do():
    """Look by look as the sweeper does: what a look decides gets no more seeds."""
    plan = StagePlan(SIZES, len(VARIANTS), 0.01)
    claims = {verdict.BETTER, verdict.WORSE, verdict.EQUIVALENT, verdict.BETTER_WITHIN, verdict.WORSE_WITHIN}
    several = 0
    for seed in range(12):
        values = study(np.random.default_rng(seed))
        expected = decide_simulated(plan, (values[1:] - values[0])[None] / 100)
        taken, last = dict.fromkeys(VARIANTS, 0), {}
        for number in range(1, len(SIZES) + 1):
            taken = {name: taken[name] if name in last else number for name in VARIANTS}
            result = effects(frame(values), metric=METRIC, looks=looks(*taken.values())).set_index("variant")
            last |= {name: number for name in VARIANTS if name not in last and result.loc[name, "verdict"] in claims}
            assert result["p_holm"].to_numpy()[1:] == pytest.approx(expected.p_holm[0, :, number - 1])
        assert [last.get(name, 4) for name in VARIANTS] == (expected.look[0] + 1).tolist()
        several += len(set(last.values())) > 1
    assert several > 3  # variants of one study stop at different looks


def test_only_the_runs_of_looks_that_were_taken_are_compared():
    values = study(np.random.default_rng(1))
    late = values.copy()
    late[1, 3:] += 50  # seeds of the first variant that no look covers
    early = effects(frame(values), metric=METRIC, looks=looks(1, 2, 2))
    assert effects(frame(late), metric=METRIC, looks=looks(1, 2, 2)).equals(early)
    assert early["n"].tolist() == [5, 3, 5, 5]
    differences = 100 * (values[1, :3] - values[0, :3]) / 100
    assert early.set_index("variant").loc["a", "difference"] == pytest.approx(differences.mean())


def test_intervals_are_wider_than_those_of_a_single_look():
    values = study(np.random.default_rng(2), effect=(0, 0, 0), sd=3)  # which no look decides
    fixed = effects(frame(values), metric=METRIC).set_index("variant")
    staged = effects(frame(values), metric=METRIC, looks=looks(3, 3, 3)).set_index("variant")
    wider = (staged["ci_high"] - staged["ci_low"]) / (fixed["ci_high"] - fixed["ci_low"])
    assert wider.drop("baseline").between(1.05, 1.5).all()
    assert (staged["simultaneous_low"] < staged["ci_low"]).drop("baseline").all()


def test_before_the_first_look_nothing_is_compared():
    result = effects(frame(study(np.random.default_rng(3))), metric=METRIC, looks=looks(0, 0, 0))
    assert set(result["verdict"].iloc[1:]) == {verdict.NOT_TESTABLE}
    assert result["n"].tolist() == [0, 0, 0, 0]


def test_a_lost_seed_makes_a_look_smaller():
    values = study(np.random.default_rng(4))
    rows = frame(values)
    lost = (rows["variant"] == "a") & (rows["seed"] == 1)
    rows.loc[lost, ["status", "acc"]] = ["diverged", np.nan]
    result = effects(rows, metric=METRIC, looks=looks(2, 2, 2)).set_index("variant")
    assert result["n"].tolist() == [5, 4, 5, 5]
    kept = [0, 2, 3, 4]
    expected = paired_difference(values[1, kept], values[0, kept])
    assert result.loc["a", "difference"] == pytest.approx(expected.mean)


def test_divergence_is_corrected_for_the_number_of_looks():
    rows = frame(study(np.random.default_rng(5)))
    rows.loc[(rows["variant"] == "a"), ["status", "acc"]] = ["diverged", np.nan]
    fixed = effects(rows, metric=METRIC, chance=0.1).set_index("variant")
    staged = effects(rows, metric=METRIC, chance=0.1, looks=looks(3, 3, 3)).set_index("variant")
    assert staged.loc["a", "p_divergence_holm"] == pytest.approx(3 * fixed.loc["a", "p_divergence_holm"])
    for table, named_looks in ((fixed, False), (staged, True)):
        shown = table.reset_index()
        texts = (rule(shown, MetricFormat(METRIC)), diverged(shown, rows, MetricFormat(METRIC)).note)
        assert ["by 3, the number of planned looks" in text for text in texts] == [named_looks] * 2


def test_paths_have_one_row_per_look_and_end_at_the_numbers_of_the_report():
    values = study(np.random.default_rng(6))
    taken = looks(1, 3, 2)
    paths = stage_paths(frame(values), taken, METRIC)
    assert paths.groupby("variant")["look"].max().to_dict() == {"a": 1, "b": 3, "c": 2}
    result = effects(frame(values), metric=METRIC, looks=taken).set_index("variant")
    ends = paths.groupby("variant").last()
    for column in ("difference", "ci_low", "ci_high"):
        assert ends[column].to_dict() == pytest.approx(result.loc[[*VARIANTS], column].to_dict())


def diverging(rows: pd.DataFrame, variant: str, seeds: range) -> pd.DataFrame:
    """The runs, with those of these seeds of a variant diverged."""
    rows = rows.copy()
    rows.loc[(rows["variant"] == variant) & rows["seed"].isin(seeds), ["status", "acc"]] = ["diverged", np.nan]
    return rows


@pytest.mark.parametrize("chance", [0.1, None])
@pytest.mark.parametrize("lost", [range(0), range(5)])  # decided by divergence, or by its difference
def test_later_runs_change_nothing_of_a_variant_that_was_decided_before(lost, chance):
    """5 of 5 diverged against 0 of 5: Fisher's p is .0079, times 2 looks .016; b attains .0014 only later."""
    two = PlannedLooks((tuple(range(5)), tuple(range(8))), {"baseline": 1, "a": 1, "b": 1, "c": 1})
    rows = diverging(frame(study(np.random.default_rng(7), effect=(3, 0, 0))), "a", lost)
    rows = diverging(rows, "b", range(1, 5))
    first = effects(rows, metric=METRIC, chance=chance, looks=two).set_index("variant").loc["a"]
    assert first["verdict"] == ("diverges" if len(lost) else "better")
    rows = diverging(diverging(rows, "baseline", range(5, 7)), "b", range(5, 8))
    later = PlannedLooks(two.seeds, {"baseline": 2, "a": 1, "b": 2, "c": 2})
    table = effects(rows, metric=METRIC, chance=chance, looks=later)
    last = table.set_index("variant").loc["a"]
    assert (last["verdict"], last["reason"]) == (first["verdict"], "")
    assert last["p_divergence_holm"] == first["p_divergence_holm"] == pytest.approx(4 / 252 if len(lost) else 1)
    shown = MetricFormat(METRIC)
    assert ("a (5 of 5 runs against 0 of 5, Holm p" in " ".join(verdicts(table, rows, shown))) == bool(len(lost))
