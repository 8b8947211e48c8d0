"""All pairs of variants: scipy and statsmodels, and the letters."""

import itertools

import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from ablate.analysis import collect
from ablate.analysis.all_pairs import MOST_VARIANTS, all_pairs
from ablate.runs.metric import ACCURACY, named
from ablate.terminal.errors import InputError

RESULTS = {
    "baseline": {0: 0.50, 1: 0.61, 2: 0.70, 3: 0.66},
    "model=b": {0: 0.60, 1: 0.70, 2: 0.81, 3: 0.75},
    "model=c": {0: 0.61, 1: 0.69, 2: 0.80, 3: 0.77},
    "model=d": {0: 0.70, 1: 0.815, 2: 0.90, 3: 0.86},
}


@pytest.fixture
def runs(make_study):
    return collect.collect(make_study(RESULTS, {"model": ["a", "b", "c", "d"]}))


def test_every_pair_is_a_paired_t_with_holm_over_all_pairs(runs):
    table = all_pairs(runs, ACCURACY).table
    order = ["model=d", "model=c", "model=b", "baseline"]  # by mean, the best first
    pairs = list(itertools.combinations(order, 2))
    assert list(zip(table["variant"], table["other"], strict=True)) == pairs and (table["n"] == 4).all()
    tests = [scipy_stats.ttest_rel([*RESULTS[one].values()], [*RESULTS[other].values()]) for one, other in pairs]
    intervals = [test.confidence_interval() for test in tests]
    assert table["p"].tolist() == pytest.approx([test.pvalue for test in tests])
    assert table["p_holm"].tolist() == pytest.approx(multipletests([t.pvalue for t in tests], method="holm")[1])
    assert table["ci_low"].tolist() == pytest.approx([100 * interval.low for interval in intervals])
    assert table["ci_high"].tolist() == pytest.approx([100 * interval.high for interval in intervals])
    assert table["wins"].tolist() == [4, 4, 4, 2, 4, 4]


def test_variants_that_do_not_differ_share_a_letter(runs):
    assert all_pairs(runs, ACCURACY).letters == {"model=d": "a", "model=c": "b", "model=b": "b", "baseline": "c"}


def test_a_minimized_metric_is_ordered_from_below(runs):
    assert [*all_pairs(runs, named("val_accuracy", "min")).means] == ["baseline", "model=b", "model=c", "model=d"]


def test_the_family_is_that_of_the_planned_pairs(make_study):
    """Two of four variants have no result: Holm is over all six pairs."""
    results = RESULTS | {"model=c": dict.fromkeys(range(4)), "model=d": dict.fromkeys(range(4), "failed")}
    pairs = all_pairs(collect.collect(make_study(results, {"model": ["a", "b", "c", "d"]})), ACCURACY)
    assert len(pairs.table) == 1 and pairs.table["p_holm"][0] == pytest.approx(6 * pairs.table["p"][0])


def test_one_variant_has_no_pairs(make_study):
    pairs = all_pairs(collect.collect(make_study({"baseline": {0: 0.5}}, {"model": ["a"]})), ACCURACY)
    assert not len(pairs.table) and pairs.letters == {"baseline": "a"}


def test_too_many_variants_are_refused(make_study):
    levels = [f"m{k}" for k in range(MOST_VARIANTS + 1)]
    results = {"baseline": {0: 0.5}} | {f"model={level}": {0: 0.5} for level in levels[1:]}
    with pytest.raises(InputError, match=f"61 variants, more than the limit of {MOST_VARIANTS}"):
        all_pairs(collect.collect(make_study(results, {"model": levels})), ACCURACY)
