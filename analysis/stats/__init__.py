"""Numbers in, one result out. The seed is the unit: a variant is compared with the baseline on the same seeds.

`paired.py`            a variant against the baseline; Welch's t where seeds are not shared
`multiple.py`          several comparisons at once: Holm, Fisher's exact test, the selection bias of the best
`factorial.py`         main effects and interactions
`linear_model.py`      the same where runs were lost, or the design is a fraction
`variance.py`          analysis of variance, shares of the sum of squares
`seeds_and_images.py`  the evaluation images as a sample too
`looks.py`             the error rate of several looks at one study
`power.py`             what a study can detect, and with how many seeds
"""

from ablate.analysis.stats.factorial import contrasts
from ablate.analysis.stats.looks import false_claims_over_looks
from ablate.analysis.stats.multiple import fisher_exact_family, holm, mean_correlation, selection_bias
from ablate.analysis.stats.paired import (
    EXACT,
    Equivalence,
    PairedDifference,
    WelchDifference,
    equivalence,
    equivalence_of,
    paired_difference,
    proportion_interval,
    sign_flip_p,
    small_sample_factor,
    welch_difference,
    win_probability,
)
from ablate.analysis.stats.power import minimum_detectable_effect, paired_power, sd_upper_limit, seeds_needed
from ablate.analysis.stats.seeds_and_images import CrossedInterval, crossed_interval
from ablate.analysis.stats.variance import anova, shares

__all__ = [
    "EXACT",
    "CrossedInterval",
    "Equivalence",
    "PairedDifference",
    "WelchDifference",
    "anova",
    "contrasts",
    "crossed_interval",
    "equivalence",
    "equivalence_of",
    "false_claims_over_looks",
    "fisher_exact_family",
    "holm",
    "mean_correlation",
    "minimum_detectable_effect",
    "paired_difference",
    "paired_power",
    "proportion_interval",
    "sd_upper_limit",
    "seeds_needed",
    "selection_bias",
    "shares",
    "sign_flip_p",
    "small_sample_factor",
    "welch_difference",
    "win_probability",
]
