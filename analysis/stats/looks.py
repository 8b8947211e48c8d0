"""What looking at the results more than once does to the rate of false claims."""

from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

VALUES = 4_000_000  # simulated runs


@lru_cache(maxsize=64)
def false_claims_over_looks(seeds: tuple[int, ...], variants: int, alpha: float = 0.05) -> float:
    """The probability of one or more false claims, better or worse, in any of several looks at one study.

    Each look tests all variants with a paired t-test and Holm's correction, as if it were the only one. Simulated with
    a fixed seed, for variants that equal the baseline and runs that are normal and independent given the seed.

    Args:
        seeds: number of seeds at each look, increasing, each at least 2.
        variants: number of variants, not counting the baseline.
        alpha: level of a single look.
    """
    studies = int(np.clip(VALUES // ((variants + 1) * seeds[-1]), 2_000, 100_000))
    rng = np.random.default_rng(0)
    runs = rng.standard_normal((studies, variants + 1, seeds[-1]), dtype=np.float32)
    differences = runs[:, 1:] - runs[:, :1]
    claimed = np.zeros(studies, bool)
    for n in seeds:
        some = differences[:, :, :n]
        t = some.mean(axis=2) / (some.std(axis=2, ddof=1) / np.sqrt(n))
        claimed |= (abs(t) > stdtrit(n - 1, 1 - alpha / 2 / variants)).any(axis=1)  # the first step of Holm's method
    return float(claimed.mean())
