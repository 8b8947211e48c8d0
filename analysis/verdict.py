"""The verdict of a variant, from its corrected p-values and its diverged runs.

`difference`: what the two claims of a comparison allow.

| p of the difference (Holm) | p of equivalence (Holm) | verdict |
|---|---|---|
| below alpha | not below | better, worse |
| below alpha | below alpha | better, within the margin; worse, within the margin |
| not below | below alpha | equivalent |
| not below | not below | inconclusive |
| not computable | any | not testable |

`divergence`: whether the variant and the baseline diverge at different rates (a run that ends at chance counts).

| Fisher's exact test (corrected) | higher rate | verdict |
|---|---|---|
| below alpha | the variant's | diverges |
| below alpha | the baseline's | converges |
| not below | any | none |

`combined`: the verdict of the report. The comparison is made twice where a run diverged: over the seeds where both
converged, and with diverged runs scored at chance.

| rates of divergence | the two comparisons | verdict | reason |
|---|---|---|---|
| differ | any | diverges, converges | |
| do not differ | no diverged run | that of `difference` | |
| do not differ | agree | that of both | |
| do not differ | not testable where both converged, no claim at chance | not testable | |
| do not differ | disagree otherwise | inconclusive | `disagree` |
| do not differ | chance unknown | inconclusive instead of any claim | `chance unknown` |
"""

import math

BETTER, WORSE, EQUIVALENT, INCONCLUSIVE = "better", "worse", "equivalent", "inconclusive"
BETTER_WITHIN, WORSE_WITHIN = "better, within the margin", "worse, within the margin"
DIVERGES, CONVERGES, NOT_TESTABLE = "diverges", "converges", "not testable"
UNTESTED = "fewer than two shared seeds, or all differences equal"  # why a difference is not testable
# In the order in which reports list them.
ALL = (BETTER, BETTER_WITHIN, WORSE, WORSE_WITHIN, EQUIVALENT, DIVERGES, CONVERGES, INCONCLUSIVE, NOT_TESTABLE)
CLAIMS = (BETTER, BETTER_WITHIN, WORSE, WORSE_WITHIN, EQUIVALENT, DIVERGES, CONVERGES)
DISAGREE, UNKNOWN = "disagree", "chance unknown"  # reasons


def difference(mean: float, p: float, p_equivalence: float, alpha: float) -> str:
    """The verdict of one comparison. A large p never reads "no effect".

    Args:
        mean: difference of the variant from the baseline; positive is better.
        p: of the difference, corrected for the planned variants; NaN if it cannot be tested.
        p_equivalence: of the equivalence test, corrected in the same way; NaN if none was asked for.
        alpha: level of both families.
    """
    if math.isnan(p):
        return NOT_TESTABLE
    within = p_equivalence < alpha
    if p < alpha:
        return (BETTER_WITHIN if within else BETTER) if mean > 0 else (WORSE_WITHIN if within else WORSE)
    return EQUIVALENT if within else INCONCLUSIVE


def divergence(rate: float, baseline_rate: float, p: float, alpha: float) -> str:
    """`diverges` or `converges` where the rates differ by Fisher's exact test (p is corrected), else an empty text."""
    if not p < alpha:
        return ""
    return DIVERGES if rate > baseline_rate else CONVERGES


def combined(converged: str, at_chance: str | None, diverging: str, any_diverged: bool) -> tuple[str, str]:
    """The verdict of the report, and why it is inconclusive where the data alone do not show it.

    Args:
        converged: verdict over the seeds where variant and baseline both converged.
        at_chance: verdict with diverged runs scored at chance; None if chance is unknown.
        diverging: verdict of `divergence`.
        any_diverged: whether a run of the variant or of the baseline diverged.
    """
    if diverging:
        return diverging, ""
    if not any_diverged or at_chance == converged:
        return converged, ""
    if at_chance is None:
        return (INCONCLUSIVE, UNKNOWN) if converged in CLAIMS else (converged, "")
    if converged == NOT_TESTABLE and at_chance not in CLAIMS:
        return NOT_TESTABLE, ""
    return INCONCLUSIVE, DISAGREE
