"""Verdicts as sentences with their numbers."""

from ablate.analysis import collect
from ablate.analysis.analyze import analyze
from ablate.analysis.effects import effects as compare
from ablate.analysis.report import verdict_sentences
from ablate.runs.metric import Metric

FACTORS = {"model": ["a", "b", "c"]}


def test_each_verdict_has_its_numbers(make_study):
    """b: differences 0 and .1 points; t = (.05 - 1) / (.0548 / sqrt 6) = -42.5: equivalent, and p = .076 of 0."""
    base = dict.fromkeys(range(6), 0.9)
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    above = {seed: 0.905 + 0.001 * (seed % 2) for seed in range(6)}
    lost = dict.fromkeys(range(6), "diverged")
    factors = {"model": ["a", "b", "c", "d", "e"]}
    study = make_study(
        {"baseline": base, "model=b": near, "model=c": above, "model=d": lost, "model=e": {0: 0.9}}, factors
    )
    runs = collect.collect(study)
    within, same, diverges, untested = verdict_sentences.verdicts(compare(runs, metric=Metric(margin=1.0)), runs)
    assert same.startswith("Equivalent to the baseline: model=b (+0.1 points, n = 6, 90 % CI +0.0 to +0.1, Holm p of")
    assert within.startswith("Better than the baseline, by less than the margin: model=c (+0.6 points, 95 % CI +0.5 to")
    assert "; 90 % CI +0.5 to +0.6, Holm p of equivalence < 0.001" in within
    assert diverges == (  # 2 / C(12, 6); for the other variants, only e could be as extreme, with 1 of 7: it cannot
        "Diverges, or ends at chance, more often than the baseline: model=d (6 of 6 runs against 0 of 6, Holm p of"
        " Fisher's exact test 0.002)."
    )
    assert untested == "Not testable, as there are fewer than two shared seeds: model=e."


def test_a_hyphen_of_a_name_is_no_minus(make_study):
    levels = {"lr": ["1e-1", "1e-3"]}
    study = make_study({"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "lr=1e-3": {0: 0.4, 1: 0.42, 2: 0.42}}, levels)
    runs = collect.collect(study)
    assert "lr=1e-3 (−20.0 points" in verdict_sentences.verdicts(compare(runs), runs)[0]


def test_a_single_interaction_is_a_sentence(make_study):
    """Differences of differences 5 and 2 points: mean 3.5, t(.975, 1) x 1.5 = 19.06; smallest of the three p .158."""
    two = {"model": ["a", "b"], "norm": ["x", "y"]}
    results = {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}, "norm=y": {0: 0.6, 1: 0.65}}
    results["model=b+norm=y"] = {0: 0.75, 1: 0.87}
    texts = verdict_sentences.interaction(analyze(make_study(results, two)).contrasts)
    assert texts == [
        "Interaction (exploratory) of model=b and norm=y: their effect together minus the sum of their separate effects"
        " is +3.5 points, 95 % CI −15.6 to +22.6, n = 2, Holm p 0.475."
    ]
    alone = {name: seeds for name, seeds in results.items() if "+" not in name}
    assert verdict_sentences.interaction(analyze(make_study(alone, two, name="alone")).contrasts) == []
