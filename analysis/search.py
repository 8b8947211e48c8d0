"""The trials of a hyperparameter search: sorted by value, the best so far, and the importance of the parameters."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.files import bounded
from ablate.runs.metric import Metric
from ablate.runs.study_plan import StudyPlan

DESIGN = "search"
LOG = "optuna.log"  # in the study folder: Optuna's record of the search
MOST_BYTES = 64 * bounded.MIB  # of this file
FEWEST = 5  # completed trials from which an importance is computed


@dataclass(frozen=True, eq=False)
class Importance:
    """How much the parameters matter. Exploratory: trials are few, and the sampler prefers good values.

    Attributes:
        values: {parameter: importance}, the largest first; shares that sum to 1, or absolute correlations.
        method: how they were computed, a sentence.
        trials: number of completed trials they are of.
    """

    values: dict[str, float]
    method: str
    trials: int


@dataclass(frozen=True, eq=False)
class Search:
    """A search.

    Attributes:
        trials: one row per trial, in the order they were run: trial (from 0, the baseline), variant, one column per
            parameter (its level, as text), status, n (completed seeds), value (recorded; mean over seeds, NaN if not
            completed), best (the best value so far).
        parameters: names of the searched parameters.
        importance: None with fewer than `FEWEST` completed trials.
    """

    trials: pd.DataFrame
    parameters: list[str]
    importance: Importance | None

    def ranked(self, metric: Metric) -> pd.DataFrame:
        """The trials, best first; those that are not completed last."""
        return self.trials.sort_values("value", ascending=metric.sign < 0, na_position="last", kind="stable")


def search(folder: Path, plan: StudyPlan, runs: pd.DataFrame) -> Search | None:
    """The search of a study; None if the study is not one.

    Args:
        folder: of the study.
        plan: its plan.
        runs: frame of `collect`.
    """
    if plan.design != DESIGN:
        return None
    trials, parameters = _trials(runs, plan.metric), collect.factors(runs)
    return Search(trials, parameters, _importance(folder, trials, parameters))


def _trials(runs: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The frame of `Search.trials`."""
    rows = []
    for number, (variant, of_variant) in enumerate(runs.groupby("variant", sort=False)):
        completed = of_variant[of_variant["status"] == "completed"]
        whole = len(completed) == len(of_variant)
        statuses = [status for status in of_variant["status"].unique() if status != "completed"]
        levels = of_variant.iloc[0][collect.factors(runs)].to_dict()
        row = {"trial": number, "variant": variant, **levels}
        row |= {"status": ", ".join(statuses) or "completed", "n": len(completed)}
        rows.append(row | {"value": completed[metric.name].mean() if whole else np.nan})
    trials = pd.DataFrame(rows)
    return trials.assign(best=(metric.sign * trials["value"]).cummax().ffill() * metric.sign)


def _importance(folder: Path, trials: pd.DataFrame, parameters: list[str]) -> Importance | None:
    """The importance from Optuna's record of the search; without Optuna or the record, rank correlations."""
    completed = trials.dropna(subset="value")
    varied = [name for name in parameters if completed[name].nunique() > 1]
    if len(completed) < FEWEST or not varied or completed["value"].nunique() < 2:
        return None
    return _by_optuna(folder / LOG) or _by_ranks(completed, varied)


def _by_optuna(log: Path) -> Importance | None:
    """Functional ANOVA of the stored study; None if that is not possible."""
    try:
        from optuna import importance, load_study
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
        from optuna.trial import TrialState

        if not log.is_file():  # Optuna would create it
            return None
        bounded.check(log, "has", log.stat().st_size, MOST_BYTES)
        study = load_study(study_name="tune", storage=JournalStorage(JournalFileBackend(str(log))))
        shares = importance.get_param_importances(study, evaluator=importance.FanovaImportanceEvaluator(seed=0))
        count = sum(trial.state == TrialState.COMPLETE for trial in study.trials)
    except Exception:  # Optuna is not installed, or the record is absent, damaged or of other trials
        return None
    known = {name: float(value) for name, value in shares.items() if math.isfinite(value)}
    method = "Optuna's functional ANOVA with a random forest: shares of the variance of the metric, which sum to 1."
    return Importance(known, method, count) if known else None


def _by_ranks(completed: pd.DataFrame, parameters: list[str]) -> Importance:
    """Rank correlations of the parameters with the value; of a category, the correlation ratio of the ranks."""
    ranks = completed["value"].rank()
    values = {}
    for name in parameters:
        levels = pd.to_numeric(completed[name], errors="coerce")
        if levels.notna().all():
            values[name] = abs(float(levels.rank().corr(ranks)))
        else:
            values[name] = _correlation_ratio(ranks, completed[name])
    method = (
        "Absolute rank correlation with the metric (Spearman; of a category, the correlation ratio of the ranks,"
        " adjusted for the number of levels), one parameter at a time. Optuna's importance needs Optuna and optuna.log."
    )
    return Importance(dict(sorted(values.items(), key=lambda item: -item[1])), method, len(completed))


def _correlation_ratio(values: pd.Series, groups: pd.Series) -> float:
    """Root of the share of the variance between groups (epsilon squared); 0 if there are as many groups as values."""
    n, k = len(values), groups.nunique()
    within = (values - values.groupby(groups).transform("mean")).pow(2).sum() / max(n - k, 1)
    return math.sqrt(max(0.0, 1 - within / values.var())) if n > k else 0.0
