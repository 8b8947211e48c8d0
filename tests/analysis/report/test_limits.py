"""What a study of its size and design cannot show."""

import numpy as np

from ablate.analysis.analyze import analyze
from ablate.analysis.report import limits

FACTORS = {"model": ["a", "b", "c"]}


def test_what_a_study_of_this_size_cannot_show(make_study):
    """Differences 10, 0, 0 and 20, 0, 0: SDs 5.77 and 11.55, median 8.66. The correlations are numpy's."""
    rows = {"baseline": (0.5, 0.6, 0.7), "model=b": (0.6, 0.6, 0.7), "model=c": (0.7, 0.6, 0.7)}
    study = make_study({name: dict(enumerate(values)) for name, values in rows.items()}, FACTORS)
    power, best = limits.limits(analyze(study))
    assert "With 3 seeds and Holm's correction over 2 planned variants, the study has 80 % power" in power
    # In a million simulated studies, 4.62 at alpha .025 has 80 % power (stats/test_power.py).
    assert "40.1 points (d_z = 4.62, median SD of the paired differences 8.66 points)" in power
    covariance = np.cov([*rows.values()])
    rho = (covariance.sum() - np.trace(covariance)) / 2 / np.trace(covariance)
    assert f"(rho {rho:.2f})" in best and f"{0.8463 * np.sqrt(1 - rho):.2f} standard errors too good" in best
    one = analyze(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name="one"))
    assert limits.limits(one) == ["With one seed nothing can be tested: the study is descriptive."]


def test_variants_that_were_planned_but_lost_count_in_the_family(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: 0.7}, "model=b": {0: 0.5, 1: 0.61, 2: 0.73}, "model=c": {0: None}}
    assert "over 2 planned variants" in limits.limits(analyze(make_study(results, FACTORS)))[0]


def test_interactions_that_were_not_tested_are_named(make_study):
    two = {"model": ["a", "b"], "norm": ["x", "y"]}
    results = {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}, "norm=y": {0: 0.6, 1: 0.65}}
    apart = analyze(make_study(results, two))
    assert "Interactions are not estimable" in " ".join(limits.limits(apart))
    results["model=b+norm=y"] = {0: 0.7, 1: 0.75}
    together = analyze(make_study(results, two, name="together"))
    assert "Interactions are not estimable" not in " ".join(limits.limits(together))


def test_a_fraction_of_resolution_three_names_what_it_confounds(make_study):
    """C = -AB: the baseline, and each pair of changes."""
    factors = {"a": ["0", "1"], "b": ["0", "1"], "c": ["0", "1"]}
    variants = ("baseline", "a=1+c=1", "b=1+c=1", "a=1+b=1")
    results = {name: {s: 0.5 + 0.01 * s + 0.013 * s * k for s in range(3)} for k, name in enumerate(variants)}
    text = " ".join(limits.limits(analyze(make_study(results, factors))))
    assert "this fraction confounds them with main effects" in text and "No Shapley values: main effects" in text
    assert "changed both alone and together" not in text
