"""All that is computed of a study, once: what its tables, figures, pages and numbers are then written from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import collect, image_correctness, stats
from ablate.analysis.config_differences import changes
from ablate.analysis.effects import METRIC, effects, most_different
from ablate.analysis.test_usage import Usage, usage
from ablate.runs.study_plan import StudyPlan

DESCRIBED = 40  # variants whose configurations are compared
MOST_FACTORS = 6  # of more, the interactions are too many to read


@dataclass(frozen=True, eq=False)
class Results:
    """A study's frames, as the modules that make them describe them; None where the study has no such thing."""

    folder: Path
    plan: StudyPlan
    runs: pd.DataFrame
    curves: pd.DataFrame
    effects: pd.DataFrame
    contrasts: pd.DataFrame | None
    anova: pd.DataFrame | None
    predicted: image_correctness.Predictions | None
    classes: pd.DataFrame | None
    crossed: dict[str, stats.CrossedInterval]  # of the variants that have one
    changes: pd.DataFrame  # of the variants that differ most
    usage: Usage  # of the test set
    samples: dict[str, np.ndarray]  # training images of the variants that see different ones

    @property
    def margin(self) -> float | None:
        """Percentage points below which the study calls two variants equivalent; None if it does not."""
        return self.plan.margin

    @cached_property
    def labels(self) -> dict[str, str]:
        """Each variant, baseline first, and what it changes."""
        return collect.labels(self.runs)

    @property
    def chosen(self) -> str | None:
        """The variant of the highest validation mean among those that are compared; None without one."""
        compared = self.effects.dropna(subset="difference_pp")
        return compared.loc[compared["mean"].idxmax(), "variant"] if len(compared) else None


def analyse(study_folder: Path) -> Results:
    """Read a study's runs and compare them. InputError if `study_folder` is not a study."""
    folder = Path(study_folder)
    plan, runs = collect.read_plan(folder), collect.collect(folder)
    predicted = image_correctness.load(folder, runs)
    chance = 1 / len(predicted.classes) if predicted else None
    compared = effects(runs, margin=plan.margin, chance=chance)
    contrasts, anova = _factorial(runs)
    classes, crossed = _images(predicted, compared)
    return Results(
        folder, plan, runs, collect.curves(folder, runs), compared, contrasts, anova, predicted, classes, crossed,
        changes(folder, runs, most_different(compared, DESCRIBED)), usage(folder, plan), collect.samples(folder, runs),
    )  # fmt: skip


def _factorial(runs: pd.DataFrame) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Main effects and the analysis of variance, where a study has two factors or more; interactions if one is seen."""
    factors = collect.varied(runs)
    if not 2 <= len(factors) <= MOST_FACTORS:
        return None, None
    frame = runs.assign(**{METRIC: runs[METRIC].where(runs["status"] == "completed")})
    contrasts = stats.contrasts(frame, factors, METRIC)
    anova = stats.anova(frame, METRIC, factors, block="seed")
    main = contrasts["kind"] == "main"
    if not contrasts.loc[~main, "estimable"].any():  # no rows of nothing
        contrasts, anova = contrasts[main], anova[~anova["term"].str.contains(":")]
    # Two families: main effects, and interactions.
    p_holm = contrasts.groupby("kind", sort=False)["p"].transform(lambda p: stats.holm(p))
    return contrasts.assign(p_holm=p_holm), anova


def _images(
    predicted: image_correctness.Predictions | None, compared: pd.DataFrame
) -> tuple[pd.DataFrame | None, dict[str, stats.CrossedInterval]]:
    """Accuracy by class, and differences over seeds and images, of the variants that are compared."""
    if predicted is None or not predicted.correct(collect.BASELINE):
        return None, {}
    names = [name for name in compared["variant"] if name != collect.BASELINE]
    classes = image_correctness.class_differences(predicted, names)
    found = {name: image_correctness.crossed(predicted, name) for name in classes.index[1:]}
    return classes, {name: interval for name, interval in found.items() if interval is not None}
