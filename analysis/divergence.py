"""How often variants diverge, or end at chance, against the baseline: Fisher's exact test, corrected."""

from collections.abc import Mapping

from ablate.analysis import stats
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.variant_results import VariantResults


def divergence_p(
    results: Mapping[str, VariantResults], baseline: VariantResults, looks: PlannedLooks | None
) -> dict[str, float]:
    """Fisher's exact p of each variant, with Holm's correction for the variants.

    In a study with stages, each look is a further test: p is multiplied by the number of planned looks (Bonferroni).
    The p of a variant is that of the last look at it, from the runs that all variants and the baseline had then; later
    runs do not change it.

    Args:
        results: {variant: results} of all planned variants.
        baseline: its results.
        looks: those at a study with stages.
    """
    if looks is None:
        return _corrected({name: (variant, baseline) for name, variant in results.items()})
    p: dict[str, float] = {}
    for number in {looks.taken.get(name, 0) for name in results}:
        seeds = {name: looks.seen(name, number) for name in results}
        pairs = {name: (results[name].of_seeds(seeds[name]), baseline.of_seeds(seeds[name])) for name in results}
        at_look = _corrected(pairs)
        last = [name for name in results if looks.taken.get(name, 0) == number]
        p |= {name: min(len(looks.sizes) * at_look[name], 1) for name in last}
    return p


def _corrected(pairs: Mapping[str, tuple[VariantResults, VariantResults]]) -> dict[str, float]:
    """The corrected p of each variant, from its results and the baseline's."""
    counts = [(one.failures, one.ended, base.failures, base.ended) for one, base in pairs.values()]
    return dict(zip(pairs, stats.fisher_exact_family(counts)[1], strict=True))
