"""Numbers in, one result out. The seed is the unit: a variant is compared with the baseline on the same seeds.

`paired.py`     a variant against the baseline; Welch's where seeds are not shared
`multiple.py`   several comparisons at once: Holm, the optimism of choosing the best
`factorial.py`  factors together: main effects, interactions, analysis of variance
`images.py`     the evaluation images as a sample too: seeds x images, two checkpoints
`power.py`      what a study could detect, and with how many seeds
"""

from ablate.analysis.stats.factorial import anova, contrasts
from ablate.analysis.stats.multiple import holm, optimism
from ablate.analysis.stats.paired import (
    PairedDifference,
    WelchDifference,
    equivalence,
    paired_difference,
    proportion_interval,
    sign_flip_p,
    small_sample_factor,
    welch_difference,
    win_probability,
)
from ablate.analysis.stats.power import minimum_detectable_effect, paired_power, seeds_needed
from ablate.analysis.stats.seeds_and_images import CrossedInterval, McNemar, crossed_interval, mcnemar

__all__ = [
    "CrossedInterval",
    "McNemar",
    "PairedDifference",
    "WelchDifference",
    "anova",
    "contrasts",
    "crossed_interval",
    "equivalence",
    "holm",
    "mcnemar",
    "minimum_detectable_effect",
    "optimism",
    "paired_difference",
    "paired_power",
    "proportion_interval",
    "seeds_needed",
    "sign_flip_p",
    "small_sample_factor",
    "welch_difference",
    "win_probability",
]
