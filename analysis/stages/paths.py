"""Each variant of a study with stages after each of its looks."""

import pandas as pd

from ablate.analysis import comparison
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.stats.stages import stages
from ablate.analysis.variant_results import by_variant
from ablate.runs.metric import Metric
from ablate.runs.study_plan import BASELINE

COLUMNS = ["variant", "look", "seeds", "n", "difference", "ci_low", "ci_high", "p", "p_holm", "p_equivalence_holm"]


def stage_paths(runs: pd.DataFrame, looks: PlannedLooks, metric: Metric, alpha: float = 0.05) -> pd.DataFrame:
    """One row per variant and look taken at it, over the seeds on which variant and baseline both completed.

    Args:
        runs: frame of `collect`.
        looks: those at the study.
        metric: what is compared.
        alpha: level of each claim.

    Returns:
        A frame with `COLUMNS`: differences and their repeated 1 - alpha intervals in printed units, sequential
        p-values after Holm's correction.
    """
    results = by_variant(looks.covered(runs), None, metric)
    if BASELINE not in results:
        return pd.DataFrame(columns=COLUMNS)
    baseline = results.pop(BASELINE).completed
    plan = comparison.stage_plan(looks, planned_comparisons(runs), metric, alpha)
    differences = {name: looks.differences(name, one.completed, baseline) for name, one in results.items()}
    rows = [
        (name, number, looks.sizes[number - 1], one.difference.n, metric.scale * one.difference.mean,
         *(metric.scale * value for value in one.interval), one.p, one.p_holm, one.p_equivalence_holm)
        for name, path in stages(plan, differences, looks.stopped).items()
        for number, one in enumerate(path[: looks.taken[name]], 1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)
