"""Variants on several data sets: compared within each, never across, and over them by the mean of the differences."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import pooled_blocks, stats
from ablate.analysis.analyze import analyze
from ablate.analysis.on_test_set.usage import Usage
from ablate.analysis.report import limits
from ablate.analysis.results import Results
from ablate.analysis.sources.any_source import Asked, of_frame
from ablate.analysis.tables import all_tables
from ablate.terminal.errors import InputError

LEVELS = {"digits": 0.95, "cifar": 0.60, "svhn": 0.80}
EFFECTS = {"small": 0.0, "wide": 0.02, "odd": -0.03}


def table(levels=LEVELS, seeds=5, noise=0.004) -> pd.DataFrame:
    """Results whose data sets differ by far more than the networks."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"set": level, "net": net, "seed": seed, "acc": base + effect + rng.normal(0, noise), "seconds": 10 * base}
            for level, base in levels.items()
            for net, effect in EFFECTS.items()
            for seed in range(seeds)
        ]
    )


def report(rows: pd.DataFrame, **options) -> Results:
    asked = {"metric": "acc", "seed": "seed", "factors": ["set", "net"], "unit": "%", "block": "set"} | options
    return of_frame(rows, Asked(**asked), Path("study"))


def differences(rows: pd.DataFrame, net: str) -> pd.DataFrame:
    """Differences in points, (seeds, data sets), computed by hand."""
    wide = rows.pivot_table(index="seed", columns=["set", "net"], values="acc")
    return 100 * (wide.xs(net, axis=1, level="net") - wide.xs("small", axis=1, level="net"))


def test_the_effect_over_blocks_is_the_mean_of_those_within():
    rows = table()
    effects = report(rows).effects.set_index("variant")
    assert list(effects.index) == ["baseline", "net=wide", "net=odd"]  # no data set is a variant
    for net in ("wide", "odd"):
        over = differences(rows, net).mean(axis=1)
        expected = stats.paired_difference(over, np.zeros(5))
        row = effects.loc[f"net={net}"]
        assert row["difference"] == pytest.approx(expected.mean)
        assert [row["ci_low"], row["ci_high"]] == pytest.approx([expected.low, expected.high])
    assert effects["p_holm"].max() < 0.05


def test_within_a_block_only_its_runs_are_compared():
    rows = table()
    within = report(rows).blocks
    assert within is not None and within.levels == list(LEVELS)
    for level, frame in within.effects.items():
        for net in ("wide", "odd"):
            expected = stats.paired_difference(differences(rows, net)[level], np.zeros(5))
            row = frame.set_index("variant").loc[f"net={net}"]
            assert row["difference"] == pytest.approx(expected.mean)
            assert row["p"] == pytest.approx(expected.p)
    raw = np.concatenate([frame["p"].dropna() for frame in within.effects.values()])
    corrected = np.concatenate([frame["p_holm"].dropna() for frame in within.effects.values()])
    assert corrected == pytest.approx(stats.holm(raw, 6))


def test_a_run_that_is_missing_in_one_block_is_a_hole_of_its_seed():
    rows = table()
    lost = (rows["set"] == "cifar") & (rows["net"] == "wide") & (rows["seed"] == 3)
    results = report(rows[~lost])
    effects = results.effects.set_index("variant")
    assert (effects.loc["net=wide", "n"], effects.loc["net=odd", "n"]) == (4, 5)
    assert effects.loc["net=wide", "difference"] == pytest.approx(differences(rows, "wide").drop(3).mean(axis=1).mean())
    failures = all_tables(results)["failures"].cells
    assert failures["Variant"].tolist() == ["set=cifar, net=wide"]


def test_a_variant_that_lacks_the_first_block_keeps_its_name():
    rows = table()
    effects = report(rows[~((rows["set"] == "digits") & (rows["net"] == "odd"))]).effects.set_index("variant")
    assert effects.loc["net=odd", "n"] == 0 and effects.loc["net=odd", "verdict"] == "not testable"


def test_a_run_that_diverged_in_one_block_counts_with_the_others():
    rows = table().assign(status="completed")
    bad = (rows["set"] == "cifar") & (rows["net"] == "odd") & (rows["seed"] == 0)
    rows.loc[bad, "status"] = "diverged"
    results = report(rows)
    odd = results.runs[(results.runs["variant"] == "net=odd") & (results.runs["seed"] == 0)].iloc[0]
    assert odd["status"] == "diverged" and np.isnan(odd["scored"])  # chance is unknown
    assert results.effects.set_index("variant").loc["net=odd", "diverged"] == 1


def test_ranks_need_five_blocks():
    few = report(table()).blocks
    assert few is not None and few.friedman is None and few.mean_ranks.empty
    many = {f"set{number}": 0.5 + number / 20 for number in range(6)}
    within = report(table(many)).blocks
    assert within is not None and within.friedman is not None
    assert within.mean_ranks.to_dict() == {"baseline": 2, "net=wide": 1, "net=odd": 3}
    assert within.wilcoxon.to_dict() == pytest.approx({"net=wide": 0.0625, "net=odd": 0.0625})  # 2 / 2^6, Holm
    assert "Mean rank" in all_tables(report(table(many)))["blocks"].cells


def test_a_metric_that_is_better_lower_is_ranked_so():
    rows = table({f"set{number}": 0.5 for number in range(5)}).rename(columns={"acc": "loss"})
    within = report(rows, metric="loss", unit=None, direction="min").blocks
    assert within is not None and within.mean_ranks.to_dict() == {"baseline": 2, "net=wide": 3, "net=odd": 1}


def test_the_table_has_one_row_per_variant_and_one_column_per_block():
    results = report(table())
    cells = all_tables(results)["blocks"].cells
    assert list(cells) == ["Variant", "set=digits", "set=cifar", "set=svhn"]
    assert cells["Variant"].tolist() == ["baseline", "net=wide", "net=odd"]
    assert "digits 9.5 s, cifar 6.0 s, svhn 8.0 s" in all_tables(results)["blocks"].note


@pytest.mark.parametrize(
    "change, options, why",
    [
        ({}, {"block": "seed"}, "seed is not a factor"),
        ({"set": "digits"}, {"factors": ["set", "net"]}, "one level|does not vary"),
        ({"net": "small"}, {"factors": ["set"]}, "the only factor"),
    ],
)
def test_blocks_that_cannot_be_used_are_refused(change, options, why):
    rows = table().assign(**change).drop_duplicates(["set", "net", "seed"])
    with pytest.raises(InputError, match=why):
        report(rows, **options)


def test_every_tested_run_is_counted():
    """Three networks on two data sets with two seeds."""
    runs = report(table({"digits": 0.9, "cifar": 0.6}, seeds=2)).every_run
    tested = runs[["variant", "seed"]].assign(times=1, accuracy=0.5, value=0.5).astype({"seed": "Int64"})
    pooled = pooled_blocks.pooled_usage(Usage(tested, len(tested), 0, 1), runs, _plan_with_block(runs))
    assert len(pooled.runs) == 6 and "was used once, on 12 runs" in limits.tested(pooled)


def test_curves_are_means_over_the_epochs_of_all_blocks():
    runs = report(table({"digits": 0.9, "cifar": 0.6}, seeds=1)).every_run
    curves = pd.DataFrame(
        [
            {"variant": run.variant, "seed": 0, "status": "completed", "epoch": epoch, "val_loss": epoch * number}
            for number, run in enumerate(runs.itertuples(), 1)
            for epoch in range(1, 3 if run.set == "digits" else 4)
        ]
    )
    whole = pooled_blocks.mean_curves(curves, runs, _plan_with_block(runs))
    wide = whole[whole["variant"] == "net=wide"]
    places = [number for number, run in enumerate(runs.itertuples(), 1) if run.net == "wide"]
    assert wide["epoch"].tolist() == [1, 2]
    assert wide["val_loss"].tolist() == [np.mean(places), 2 * np.mean(places)]


def _plan_with_block(runs: pd.DataFrame):
    from ablate.runs.study_plan import PlannedRun, StudyPlan

    planned = [
        PlannedRun(variant=run.variant, factors={"set": run.set, "net": run.net}, seed=run.seed, folder=f"r{number}",
                   config_sha256="")
        for number, run in enumerate(runs.itertuples())
    ]  # fmt: skip
    return StudyPlan(name="s", baseline={"set": "digits", "net": "small"}, block="set", command="c", seeds=[0],
                     factors={"set": ["digits", "cifar"], "net": [*EFFECTS]}, runs=planned)  # fmt: skip


def test_ranks_are_over_the_seeds_that_all_variants_completed():
    """An easy seed that one variant lacks does not make the others better."""
    levels = {f"set{number}": 0.5 for number in range(5)}
    rows = table(levels)
    rows.loc[rows["seed"] == 4, "acc"] += 0.2
    lost = rows[~((rows["net"] == "wide") & (rows["seed"] == 4))]
    within = report(lost).blocks
    assert within is not None
    assert within.mean_ranks.to_dict() == {"baseline": 2, "net=wide": 1, "net=odd": 3}


def test_a_variant_that_diverged_is_not_ranked():
    rows = table({f"set{number}": 0.5 for number in range(5)}).assign(status="completed")
    rows.loc[(rows["net"] == "odd") & (rows["seed"] == 0) & (rows["set"] == "set1"), "status"] = "diverged"
    within = report(rows).blocks
    assert within is not None and within.mean_ranks.to_dict() == {"baseline": 2, "net=wide": 1}


def test_runs_at_chance_in_a_block_count_like_diverged_ones(make_study):
    """Two blocks of other images; on the second, `model=b` predicts a single class with every seed."""
    factors, labels = {"data": ["x", "y"], "model": ["a", "b"]}, np.tile([0, 1], 60)
    spread = {seed: 0.7 + 0.01 * seed for seed in range(5)}
    names = ["baseline", "model=b", "data=y", "data=y+model=b"]
    study = make_study(dict.fromkeys(names, spread), factors, classes=2, block="data")
    for name in names:
        for seed in spread:
            shown = labels if name.startswith("data") else 1 - labels
            predicted = 0 * labels if name == "data=y+model=b" else shown
            path = study / name / f"seed={seed}" / "val_predictions.npz"
            np.savez(path, label=shown, logits=np.eye(2)[predicted], index=np.arange(120))
    results = analyze(study)
    assert results.blocks is not None
    for frame, lost in [*zip(results.blocks.effects.values(), (0, 5), strict=True), (results.effects, 5)]:
        assert frame["diverged"].tolist() == [0, lost] and frame["ended"].tolist() == [5, 5]
    assert results.effects["verdict"].tolist() == ["baseline", "diverges"]
    assert "counts as diverged or at chance if it is on one of them" in " ".join(results.assumptions)
