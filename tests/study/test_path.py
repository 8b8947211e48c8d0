"""The variants of an ablation path: the rounds by brute force, and the search it explains."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.runs import study_plan
from ablate.runs.metric import ACCURACY, named
from ablate.study import explain, path, plan
from ablate.terminal.errors import InputError
from tests.study.test_plan import SETTINGS, replace

FACTORS = {"a": ["0", "1"], "b": ["0", "1"], "c": ["0", "1"]}


def key(variant: dict[str, str]) -> frozenset[str]:
    return frozenset(name for name, level in variant.items() if level == "1")


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8, unique=True))
def test_every_round_has_the_changes_left_after_the_largest_loss(values):
    """The definition, on the lattice of all variants."""
    everything = [frozenset(c) for size in range(4) for c in itertools.combinations("abc", size)]
    worth = dict(zip(everything, values, strict=True))
    expected, current = [frozenset()], frozenset()
    while left := set("abc") - current:
        expected += [current | {name} for name in sorted(left)]
        current = min((current | {name} for name in left), key=worth.__getitem__)
    found = [key(variant) for variant in path.variants(FACTORS, lambda variant: worth[key(variant)])]
    assert found == expected and len(found) == 7


def test_a_round_waits_for_the_results_of_the_one_before():
    known = {frozenset(): 1.0, frozenset("a"): 0.5, frozenset("b"): 0.2}
    first = list(path.variants(FACTORS, lambda variant: known.get(key(variant))))
    assert [key(variant) for variant in first] == [frozenset(), *map(frozenset, "abc")]
    known[frozenset("c")] = 0.7
    second = list(path.variants(FACTORS, lambda variant: known.get(key(variant))))
    assert [key(variant) for variant in second[4:]] == [frozenset("ab"), frozenset("bc")]


@pytest.mark.parametrize(
    ("settings", "levels", "message"),
    [
        ({}, ["0", "1", "2"], "two levels of each factor, from and to, and a has 3: 0, 1, 2. Type a=0,1"),
        ({"exclude": [{"a": "1"}]}, ["0", "1"], "study.exclude cannot be combined with study.design=path"),
        ({"stages": [3, 5]}, ["0", "1"], "study.stages cannot be combined with study.design=path"),
        ({"foldover": "all"}, ["0", "1"], "study.foldover applies only"),
    ],
)
def test_what_a_path_cannot_have_is_refused(settings, levels, message):
    with pytest.raises(InputError, match=message):
        plan.variants(replace(SETTINGS, design="path", **settings), FACTORS | {"a": levels})


def test_a_path_without_factors_says_what_to_type():
    with pytest.raises(InputError, match="has no factors. .*study=explain study.of=FOLDER"):
        plan.variants(replace(SETTINGS, design="path"), {})


@pytest.fixture
def search(make_study):
    """A search over two keys: the trial with another rate is best, a diverged one is not."""
    factors = {"optimizer.lr": ["0.1", "0.02"], "schedule": ["constant", "cosine"]}
    results = {"baseline": {0: 0.5}, "optimizer.lr=0.02": {0: 0.8}, "schedule=cosine": {0: "diverged"}}
    folder = make_study(results, factors, design="search")
    hydra = folder / "optimizer.lr=0.02/seed=0/.hydra"
    hydra.mkdir()
    words = ["data=digits", "optimizer.lr=0.02", "schedule=constant", "seed=0", "study.name=s", "+study.trial=3"]
    (hydra / "overrides.yaml").write_text("".join(f"- {word}\n" for word in words))
    return folder


def test_a_variant_is_as_good_as_its_runs(search):
    quality = path.qualities(search)
    known = study_plan.read(search)
    values = {run.variant: quality(run.factors) for run in known.runs}
    assert values == {"baseline": 0.5, "optimizer.lr=0.02": 0.8, "schedule=cosine": float("-inf")}
    assert quality({"optimizer.lr": "0.02", "schedule": "cosine"}) is None


def test_the_best_of_a_search_is_the_baseline_of_its_explanation(search):
    assert explain.words(search, ACCURACY) == ["data=digits", "schedule=constant", "optimizer.lr=0.02,0.1"]


def test_what_cannot_be_explained_is_refused(search, make_study):
    with pytest.raises(InputError, match="compares val_accuracy, this study val_loss. Type study.metric=val_accuracy"):
        explain.words(search, named("val_loss"))
    with pytest.raises(InputError, match="its baseline: there is nothing to explain"):
        explain.words(make_study({"baseline": {0: 0.9}, "m=b": {0: 0.1}}, {"m": ["a", "b"]}, name="same"), ACCURACY)
    with pytest.raises(InputError, match="No variant of"):
        explain.words(make_study({"baseline": {0: None}}, {"m": ["a", "b"]}, name="empty"), ACCURACY)
    (search / "optimizer.lr=0.02/seed=0/.hydra/overrides.yaml").write_text("a: b\n")
    with pytest.raises(InputError, match="is not a list of overrides"):
        explain.words(search, ACCURACY)
