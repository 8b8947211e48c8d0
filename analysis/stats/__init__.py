"""Numbers in, one result out. The seed is the unit: a variant is compared with the baseline on the same seeds.

`paired.py`            a variant against the baseline: Student's paired t, sign flips
`welch.py`             the same where seeds are not shared
`equivalence.py`       two one-sided tests of a difference within the margin
`proportions.py`       probability of winning, rate of divergence
`multiple.py`          several comparisons at once: Holm, Fisher's exact test, the selection bias of the best
`letters.py`            which of several variants differ: compact letter display
`factorial.py`         main effects and interactions
`linear_model.py`      the same where runs were lost, or the design is a fraction
`attribution.py`       Shapley values of the factors
`variance.py`          analysis of variance, shares of the sum of squares
`seeds_and_images.py`  the evaluation images as a sample too
`looks.py`             the error rate of several looks at one study that planned one
`successive_t.py`      the null distribution of the paired t at successive looks
`sequential.py`        boundaries and p-values of planned looks
`stages.py`            which variants are decided after each planned look
`expected_runs.py`     the runs that a study in stages needs
`power.py`             what a study can detect, and with how many seeds
"""

from ablate.analysis.stats.attribution import TOTAL, attribution, shapley
from ablate.analysis.stats.equivalence import Equivalence, equivalence, equivalence_of
from ablate.analysis.stats.expected_runs import ExpectedRuns, expected_runs
from ablate.analysis.stats.factorial import contrasts
from ablate.analysis.stats.letters import letters
from ablate.analysis.stats.looks import false_claims_over_looks
from ablate.analysis.stats.multiple import fisher_exact_family, holm, mean_correlation, selection_bias
from ablate.analysis.stats.paired import EXACT, PairedDifference, paired_difference, sign_flip_p, small_sample_factor
from ablate.analysis.stats.power import minimum_detectable_effect, paired_power, sd_upper_limit, seeds_needed
from ablate.analysis.stats.proportions import proportion_interval, win_probability
from ablate.analysis.stats.seeds_and_images import CrossedInterval, crossed_interval
from ablate.analysis.stats.sequential import SPENDING, Looks, crossing_probability
from ablate.analysis.stats.stages import Stage, StagePlan, stages
from ablate.analysis.stats.variance import anova, every_term, shares
from ablate.analysis.stats.welch import WelchDifference, welch_difference

__all__ = [
    "EXACT",
    "SPENDING",
    "TOTAL",
    "CrossedInterval",
    "Equivalence",
    "ExpectedRuns",
    "Looks",
    "PairedDifference",
    "Stage",
    "StagePlan",
    "WelchDifference",
    "anova",
    "attribution",
    "contrasts",
    "crossed_interval",
    "crossing_probability",
    "equivalence",
    "equivalence_of",
    "every_term",
    "expected_runs",
    "false_claims_over_looks",
    "fisher_exact_family",
    "holm",
    "letters",
    "mean_correlation",
    "minimum_detectable_effect",
    "paired_difference",
    "paired_power",
    "proportion_interval",
    "sd_upper_limit",
    "seeds_needed",
    "selection_bias",
    "shapley",
    "shares",
    "sign_flip_p",
    "small_sample_factor",
    "stages",
    "welch_difference",
    "win_probability",
]
