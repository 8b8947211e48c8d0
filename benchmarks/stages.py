"""Measure the error rates and the number of runs of studies in stages, beside a fixed number of seeds and AdaStop.

    python benchmarks/stages.py [--studies 20000] [--adastop-studies 20]

All studies are simulated with fixed seeds: the counts do not depend on the machine. AdaStop (Mathieu et al. 2023,
`pip install adastop`) is left out with --adastop-studies 0; it takes most of the time.
"""

import argparse
import math

import numpy as np
from scipy import stats as scipy_stats

from ablate.analysis.stats import StagePlan, holm
from ablate.analysis.stats.expected_runs import decide_simulated, simulated_differences, used_runs

LOOKS, MARGIN, ALPHA = (3, 5, 8, 12, 20), 1.0, 0.05
SEEDS = LOOKS[-1]
SDS = (0.1, 0.3, 1.0, 3.0)  # of the differences, in margins
# Mean and SD of the differences of nine variants, percentage points.
REFERENCE = [
    (-3.83, 0.19), (-1.92, 0.53), (-6.13, 1.33), (-0.85, 0.475), (-0.43, 0.6),
    (-17.4, 1.12), (-0.68, 0.6), (-0.62, 0.45), (-1.72, 0.16),
]  # fmt: skip
SIZE, GROUPS, PERMUTATIONS = 5, 4, 2000  # AdaStop: 4 groups of 5 runs at most (5 groups of 4 need more runs)
NOMINAL = (0.05, 0.025)  # levels of AdaStop; its false claims are counted
SEED_SDS = (0.0, 0.3)  # what runs of a seed share; .3 is worth what pairing is on CIFAR-10 (docs/results.md)


def error_rates(studies: int) -> None:
    """Print the share of studies with at least one false claim, by what is true of all variants."""
    print(f"\nStudies with a false claim (%), {studies} each, looks {LOOKS}, alpha 5 %")
    print(f"{'all variants':<22} {'claim':<16} {'spending':<15} {'SD':>4} {'1':>6} {'7':>6} {'20':>6}  variants")
    for truth, name, claim in (
        (0.0, "equal the baseline", "better or worse"),
        (MARGIN, "differ by the margin", "equivalent"),
    ):
        for spending in ("pocock", "obrien_fleming"):
            for sd in SDS:
                rates = [false_claims(truth, sd, variants, spending, studies) for variants in (1, 7, 20)]
                cells = " ".join(f"{100 * rate:6.2f}" for rate in rates)
                print(f"{name:<22} {claim:<16} {spending:<15} {sd:4} {cells}", flush=True)
    print(f"standard error of a rate of 5 %: {100 * math.sqrt(0.05 * 0.95 / studies):.2f}; goal: at most 5.5")


def false_claims(truth: float, sd: float, variants: int, spending: str, studies: int) -> float:
    """Share of studies that claim a difference (truth 0) or equivalence (truth: the margin) of one or more variants."""
    rng, wrong, at_once = np.random.default_rng(variants), 0, 2000
    plan = StagePlan(LOOKS, variants, MARGIN, ALPHA, spending)
    for _ in range(studies // at_once):
        made = decide_simulated(plan, simulated_differences([(truth, sd)] * variants, SEEDS, at_once, rng))
        p = made.p_holm if truth == 0 else made.p_equivalence_holm
        wrong += int((p[..., -1] < ALPHA).any(axis=1).sum())
    return wrong / (studies // at_once * at_once)


def reference_study(studies: int) -> None:
    """Print the runs and decisions of the reference study, in stages and with all seeds at once."""
    d = simulated_differences(REFERENCE, SEEDS, studies, np.random.default_rng(0))
    fixed = np.logical_or(*fixed_claims(d))
    print(f"\nReference study, nine variants, {studies} times, looks {LOOKS}")
    for spending in ("pocock", "obrien_fleming"):
        plan = StagePlan(LOOKS, len(REFERENCE), MARGIN, ALPHA, spending)
        made = decide_simulated(plan, d)
        seeds, runs = used_runs(plan, made)
        decided = made.look < len(LOOKS)
        whole = SEEDS * (len(REFERENCE) + 1)
        print(f"{spending}: {runs.mean():.1f} runs of {whole} ({100 * runs.mean() / whole:.0f} %; goal: at most 50 %)")
        print(
            f"  decisions: {100 * decided.sum() / fixed.sum():.1f} % of those of the fixed study (goal: 95 % or more)"
        )
        for effect, needed, share in zip(REFERENCE, seeds.mean(axis=0), decided.mean(axis=0), strict=True):
            print(f"  {effect!s:<16} {needed:5.1f} seeds, decided in {100 * share:5.1f} % of studies")


def fixed_claims(d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Claims of a difference and of equivalence from all seeds (studies, variants), by scipy and Holm."""
    beyond = (abs(d.mean(axis=-1)) - MARGIN) / scipy_stats.sem(d, axis=-1)
    p, p_equivalence = scipy_stats.ttest_1samp(d, 0, axis=-1).pvalue, scipy_stats.t.cdf(beyond, SEEDS - 1)
    return holm(p, d.shape[1]) < ALPHA, holm(p_equivalence, d.shape[1]) < ALPHA


def results(seed_sd: float, effects: list[tuple[float, float]], rng: np.random.Generator) -> np.ndarray:
    """Results of the baseline and the variants (variants + 1, seeds), with the differences of `effects`.

    Args:
        seed_sd: SD of what all runs of a seed share, which pairing removes; 0 is the best case of unpaired tests.
        effects: mean and SD of each difference.
        rng: source of the results.
    """
    own = min(sd for _, sd in effects) / math.sqrt(2)  # SD of the baseline
    values = [rng.normal(0, own, SEEDS)]
    values += [rng.normal(mean, math.sqrt(sd**2 - own**2), SEEDS) for mean, sd in effects]
    return np.array(values) + rng.normal(0, seed_sd, SEEDS)


def adastop_study(values: np.ndarray, level: float, seed: int) -> tuple[int, np.ndarray]:
    """Runs that AdaStop uses to compare the variants with the baseline, and for which it claims a difference.

    Args:
        values: results (variants + 1, seeds), the baseline's first.
        level: nominal.
        seed: of the permutations.
    """
    from adastop import MultipleAgentsComparator

    variants = len(values) - 1
    pairs = np.array([(0, k) for k in range(1, variants + 1)])
    comparator = MultipleAgentsComparator(SIZE, GROUPS, PERMUTATIONS, pairs, level, seed=seed)
    used = np.zeros(variants + 1, int)
    for group in range(1, GROUPS + 1):
        undecided = comparator.current_comparisons.ravel()
        used[undecided] = group * SIZE
        comparator.partial_compare({str(k): values[k, : used[k]] for k in range(variants + 1)}, verbose=False)
        if comparator.is_finished:
            break
    claims = np.array([comparator.decisions[str(pair)] in ("larger", "smaller") for pair in pairs])
    return int(used.sum()), claims


def adastop(studies: int) -> None:
    """Print the runs and claims of AdaStop and of stages on the same results."""
    print(f"\nAdaStop, {GROUPS} groups of {SIZE}, {PERMUTATIONS} permutations")
    for level in NOMINAL:
        rng, count = np.random.default_rng(0), 20 * studies
        wrong = [adastop_study(rng.standard_normal((2, SEEDS)), level, k)[1].any() for k in range(count)]
        rate = 100 * np.mean(wrong)
        print(f"nominal {level}: {rate:.1f} % false claims of one variant that equals the baseline, {count} studies")
    for seed_sd in SEED_SDS:
        rng = np.random.default_rng(1)
        studied = [results(seed_sd, REFERENCE, rng) for _ in range(studies)]
        d = np.array([values[1:] - values[0] for values in studied])
        print(f"reference study, {studies} times, runs of a seed share SD {seed_sd}: means, of 200 runs and 9 variants")
        for margin, name in ((MARGIN, "stages, with equivalence"), (None, "stages, differences only")):
            plan = StagePlan(LOOKS, len(REFERENCE), margin, ALPHA)
            made = decide_simulated(plan, d)
            different, decided = made.p_holm[..., -1] < ALPHA, made.look < len(LOOKS)
            counts = f"{different.sum(axis=1).mean():.2f} different, {decided.sum(axis=1).mean():.2f} decided"
            print(f"  {name:<26} {used_runs(plan, made)[1].mean():6.1f} runs, {counts}")
        for level in NOMINAL:
            runs, claims = zip(*(adastop_study(v, level, k) for k, v in enumerate(studied)), strict=True)
            name = f"AdaStop, nominal {level}"
            print(f"  {name:<26} {np.mean(runs):6.1f} runs, {np.sum(claims) / studies:.2f} different", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000, help="simulated studies per error rate, 2000 at least")
    parser.add_argument("--adastop-studies", type=int, default=20, help="reference studies for AdaStop, 0: none")
    args = parser.parse_args()
    reference_study(studies=5000)
    error_rates(args.studies)
    if args.adastop_studies:
        adastop(args.adastop_studies)


if __name__ == "__main__":
    main()
