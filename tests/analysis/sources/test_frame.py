"""Rows of runs -> a study: factors, baseline, holes, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.effects import effects
from ablate.analysis.sources.cells import UNSET
from ablate.analysis.sources.columns import Columns
from ablate.analysis.sources.frame import study
from ablate.runs.metric import named
from ablate.terminal.errors import InputError

ACC = named("acc")


def rows(nets=("small", "big"), dropouts=(0.0, 0.1), seeds=(0, 1, 2)) -> pd.DataFrame:
    """A full factorial: `big` adds 0.1, each seed 0.01."""
    return pd.DataFrame(
        {"name": f"{net}-{dropout}-{seed}", "net": net, "dropout": dropout, "seed": seed, "lr": 0.1,
         "acc": 0.5 + 0.1 * (net == "big") + 0.01 * seed + 0.001 * dropout, "params": {"small": 10, "big": 20}[net]}
        for net in nets for dropout in dropouts for seed in seeds
    )  # fmt: skip


def read(frame: pd.DataFrame, **columns):
    return study(frame, Columns(ACC, **{"seed": "seed", **columns}), "results", "ablate report")


def test_factors_are_the_columns_that_vary_and_describe_no_single_run():
    source = read(rows())
    assert source.plan.factors == {"net": ["small", "big"], "dropout": ["0", "0.1"]}
    assert list(source.runs["variant"].unique()) == ["baseline", "dropout=0.1", "net=big", "net=big+dropout=0.1"]
    text = " ".join(source.notes)
    assert "name (a record of each run)" in text and "params (follows from net)" in text and "net=small" in text


def test_the_difference_is_that_of_the_rows():
    source = read(rows())
    table = effects(source.runs, metric=ACC).set_index("variant")
    assert table.loc["net=big", "n"] == 3
    assert table.loc["net=big", "mean"] - table.loc["baseline", "mean"] == pytest.approx(0.1)


@pytest.mark.parametrize("level", ["0.1", ".1", "1e-1", "0.10"])
def test_a_baseline_is_named_by_its_levels(level):
    source = read(rows(), baseline={"net": "big", "dropout": level})
    assert source.plan.baseline == {"net": "big", "dropout": "0.1"}
    assert source.runs["variant"].iloc[0] == "baseline" and source.runs["net"].iloc[0] == "big"


def test_an_absent_run_is_a_hole():
    source = read(rows().drop(index=4))
    lost = source.runs[source.runs["status"] == "missing"]
    assert lost[["variant", "seed"]].values.tolist() == [["dropout=0.1", 1]]
    assert len(source.runs) == 12


@pytest.mark.parametrize(
    ("words", "status"),
    [("finished", "completed"), ("FINISHED", "completed"), ("crashed", "failed"), ("KILLED", "failed"),
     ("running", "interrupted"), ("nan", "diverged"), (None, "completed")],
)  # fmt: skip
def test_words_of_other_tools(words, status):
    frame = rows().assign(status="completed")
    frame.loc[7, "status"] = words
    assert read(frame).runs["status"].iloc[7] == status


def test_a_value_that_is_lost_or_infinite_is_no_number():
    frame = rows()
    frame.loc[3, "acc"], frame.loc[4, "acc"] = np.nan, np.inf
    runs = read(frame).runs
    assert runs["status"].tolist()[3:5] == ["failed", "diverged"] and runs["acc"].isna().sum() == 2


def test_without_a_seed_nothing_is_paired():
    source = read(rows().drop(columns=["seed", "name"]), seed=None, factors=["net"])
    table = effects(source.runs, metric=ACC).set_index("variant")
    assert table.loc["net=big", "test"] == "Welch's t" and table.loc["net=big", "n"] == 6
    assert not (source.runs["status"] == "missing").any()


def test_seeds_that_are_text_pair_by_their_text():
    frame = rows().assign(seed=lambda f: f["seed"].map({0: "fold a", 1: "fold b", 2: "fold c"}))
    source = read(frame)
    assert source.plan.seeds == [0, 1, 2] and "fold b is 1" in " ".join(source.notes)
    assert effects(source.runs, metric=ACC).set_index("variant").loc["net=big", "test"] == "paired t"


def test_a_setting_that_a_run_lacks_is_a_level():
    frame = rows().assign(dropout=lambda f: f["dropout"].where(f["dropout"] > 0))
    assert read(frame).plan.factors["dropout"] == [UNSET, "0.1"]


@pytest.mark.parametrize(
    ("change", "columns", "message"),
    [
        (lambda f: f.iloc[:0], {}, "no rows"),
        (lambda f: f, {"seed": "sed"}, "no column sed. Did you mean seed"),
        (lambda f: f, {"factors": ["net", "net"]}, "named twice"),
        (lambda f: f, {"factors": ["seed"]}, "named twice"),
        (lambda f: f, {"baseline": {"net": "tiny"}}, "net has no level tiny; its levels: small, big"),
        (lambda f: f, {"baseline": {"depth": "1"}}, "depth is not a factor"),
        (lambda f: f[(f["net"] == "big") | (f["dropout"] == 0)], {"baseline": {"net": "small", "dropout": "0.1"}},
         "No run of results has the levels of the baseline"),
        (lambda f: f.assign(acc="high"), {}, "holds 'high', but must hold numbers"),
        (lambda f: f.assign(acc=np.nan), {}, "no run is completed"),
        (lambda f: f.assign(status="lost"), {}, "'lost'. Allowed values: completed"),
        (lambda f: f.assign(seed=[np.nan, *f["seed"][1:]]), {}, "Row 1 has no seed"),
        (lambda f: f.rename(columns={"net": "variant"}), {}, "factor name 'variant' is not printable, or is the name"),
        (lambda f: f.rename(columns={"net": "a\x1b[2J"}), {}, r"factor name 'a\x1b[2J' is not printable"),
        (lambda f: f.replace("big", "x" * 1001), {}, "a level of net has 1,001 characters ('xxx"),
        (lambda f: pd.concat([f] * 5001), {}, "60,012 rows, more than the 60,000 runs of a report"),
        (lambda f: pd.concat([f, f.iloc[[3]]]), {}, "rows 4, 13 have the same factors (net=small, dropout=0.1)"),
        (lambda f: f.assign(**{f"k{n}": np.random.default_rng(n).permutation([0, 1] * 6) for n in range(14)}), {},
         "columns vary"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_in_a_sentence(change, columns, message):
    with pytest.raises(InputError, match=None) as error:
        read(change(rows()), **columns)
    assert message in str(error.value), str(error.value)


@pytest.mark.parametrize("name", ["variant", "study", "folder", "error", "seconds", "parameters"])
def test_a_metric_with_the_name_of_a_report_column_is_refused(name):
    with pytest.raises(InputError, match=f"the metric '{name}' is not printable, or is the name of a report column"):
        study(rows().rename(columns={"acc": name}), Columns(named(name), "seed"), "results", "ablate report")


@pytest.mark.parametrize("value", [np.inf, -1e101, 1e300, 10**400, "9" * 400, "inf"])
def test_a_value_whose_square_overflows_is_a_diverged_run(value):
    frame = rows().astype({"acc": object})
    frame.loc[frame["net"] == "big", "acc"] = value
    statuses = read(frame).runs.groupby("net")["status"].unique().map(list)
    assert statuses["small"] == ["completed"] and statuses["big"] == ["diverged"]


@pytest.mark.parametrize(
    "seeds", [[False, True, False], [[0], [1], [0]], ["1" * 5000, "b", "1" * 5000], [2**80, 1, 2**80]]
)
def test_seeds_of_any_type_pair_by_their_text(seeds):
    frame = rows(dropouts=(0.0,), seeds=(0, 1))
    source = read(frame.assign(seed=[seeds[seed] for seed in frame["seed"]]))
    assert source.plan.seeds == [0, 1] and (source.runs["status"] == "completed").all()


@pytest.mark.parametrize("value", [np.inf, 1e30, -5, 10**400, "x", np.nan])
@pytest.mark.parametrize("column", ["seconds", "parameters"])
def test_a_duration_or_a_count_that_cannot_be_is_left_out(column, value):
    source = read(rows().astype(object).assign(**{column: [value, *[7] * 11]}), factors=["net", "dropout"])
    assert source.runs[column].isna().sum() == 1 and source.runs[column].sum() == 77


def test_a_factor_may_be_called_value_and_a_folder_may_lack():
    frame = rows().rename(columns={"net": "value"}).assign(folder=["a", *[np.nan] * 11])
    source = read(frame, factors=["value", "dropout"])
    assert source.plan.factors["value"] == ["small", "big"]
    assert sorted(source.runs["folder"])[:3] == ["a", "row 10", "row 11"]


@pytest.mark.parametrize(
    "folder", ["/scratch/run1", "same", "../up", "row 3", "no row baseline/1", "", "a\nb", r"C:\runs", 7.5]
)
def test_a_folder_that_a_plan_cannot_have_is_not_used(folder):
    source = read(rows().assign(folder=["own", *[folder] * 11]).drop(index=1), factors=["net", "dropout"])
    assert sorted(source.runs["folder"])[:3] == ["no row baseline/1", "own", "row 10"]
    single = read(rows().assign(folder=[folder, *[None] * 11]), factors=["net", "dropout"])
    assert len(set(single.runs["folder"])) == 12


def test_rows_with_a_seed_and_a_setting_each_are_not_paired_by_millions():
    frame = pd.DataFrame({"lr": range(300), "seed": range(300), "acc": 0.5})
    with pytest.raises(InputError, match=r"300 variants of lr with 300 values of seed are 90,000 runs.*--factors"):
        read(frame, factors=["lr"])
    assert len(read(frame, factors=["lr"], seed=None).runs) == 300


def test_large_seeds_stay_apart():
    frame = rows(seeds=(0, 1))
    assert read(frame.assign(seed=frame["seed"] + 2**62)).plan.seeds == [2**62, 2**62 + 1]


def test_a_repeated_seed_without_another_column_is_not_averaged():
    frame = rows().assign(seed=0)
    with pytest.raises(InputError, match="have the same factors"):
        read(frame, factors=["net", "dropout"])


def test_one_level_is_a_study_of_the_baseline_alone():
    source = read(rows(nets=("small",), dropouts=(0.0,)).drop(columns="name"))
    assert source.plan.factors == {} and set(source.runs["variant"]) == {"baseline"}


@pytest.mark.parametrize(
    ("values", "verdict"), [(lambda f: 0.5, "not testable"), (lambda f: f["seed"], "not testable")]
)
def test_a_constant_metric_or_difference_is_not_testable(values, verdict):
    source = read(rows().assign(acc=values), factors=["net", "dropout"])
    table = effects(source.runs, metric=ACC).set_index("variant")
    assert set(table["verdict"].iloc[1:]) == {verdict} and (table["difference"].iloc[1:] == 0).all()


def test_one_row_is_a_baseline_without_a_spread():
    source = read(rows(nets=("small",), dropouts=(0.0,), seeds=(0,)))
    table = effects(source.runs, metric=ACC)
    assert table["n"].tolist() == [1] and np.isnan(table["sd"].iloc[0])


def test_names_of_columns_that_are_no_text():
    source = read(rows().rename(columns={"net": 0, "dropout": ("a", 1)}), baseline={"0": "big"})
    assert source.plan.factors == {"0": ["big", "small"], "('a', 1)": ["0", "0.1"]}
    with pytest.raises(InputError, match="more than one column '0'"):
        read(rows().rename(columns={"net": 0, "dropout": "0"}))


@pytest.mark.parametrize("word", ["nan", "None", "NA", "null", "<NA>"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, ""])
def test_a_level_that_is_written_like_a_missing_value_is_not_one(word, missing):
    source = read(rows().assign(net=lambda f: [word if net == "small" else missing for net in f["net"]]))
    assert source.plan.factors["net"] == [word, UNSET]


@pytest.mark.parametrize("word", ["NA", "None", "nan", "#N/A", ""])
def test_seeds_and_statuses_that_are_missing_values(word):
    with pytest.raises(InputError, match="Row 1 has no seed"):
        read(rows().assign(seed=lambda f: [word, *map(str, f["seed"][1:])]))
    if word != "nan":  # MLflow's users write it for a diverged run
        assert read(rows().assign(status=[word, *["finished"] * 11])).runs["status"].tolist() == ["completed"] * 12


def test_rows_with_equal_factors_name_the_columns_that_are_none():
    frame = rows().assign(seed=0, tag=[f"t{n}" for n in range(12)])
    with pytest.raises(InputError, match=r"have the same factors .*Not factors: .*tag \(a value per run\)"):
        read(frame)
