"""All results of a study, computed once; tables, figures, pages and macros are written from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import app_curves, chance, collect, image_correctness, stats
from ablate.analysis.author import text
from ablate.analysis.author.text import AuthorText
from ablate.analysis.config_differences import changes
from ablate.analysis.effects import effects, most_different
from ablate.analysis.metric_format import MetricFormat, metric_format
from ablate.analysis.test_usage import Usage, usage
from ablate.runs.metric import Metric
from ablate.runs.study_plan import StudyPlan
from ablate.study.selection import highest_mean

DESCRIBED = 40  # variants whose configurations are compared
MOST_FACTORS = 6  # of more, the interactions are too many to read


@dataclass(frozen=True, eq=False)
class Results:
    """The frames of a study, each described in the module that computes it; None if the study has none."""

    folder: Path
    plan: StudyPlan
    runs: pd.DataFrame  # of `collect`, and `collapsed`: completed runs that learned nothing
    curves: pd.DataFrame
    class_count: int | None  # from the run records
    effects: pd.DataFrame
    contrasts: pd.DataFrame | None
    anova: pd.DataFrame | None
    shares: pd.DataFrame | None  # of the sum of squares
    predicted: image_correctness.Predictions | None
    classes: pd.DataFrame | None
    crossed: dict[str, stats.CrossedInterval]  # of the variants that have one
    changes: pd.DataFrame  # of the variants that differ most
    usage: Usage  # of the test set
    samples: dict[str, np.ndarray]  # training images of the variants that see different ones
    author: AuthorText  # report.md
    assumptions: tuple[str, ...] = ()  # how runs from elsewhere were read
    joined: Path | None = None  # folder of the report of several studies, whose runs are below `folder`
    planned_metric: str | None = None  # where another one than planned is compared

    @property
    def home(self) -> Path:
        """The folder in which the report and the author's text are."""
        return self.joined or self.folder

    @property
    def margin(self) -> float | None:
        """Equivalence margin in printed units; None without an equivalence test."""
        return self.plan.margin

    @property
    def is_recorded(self) -> bool:
        """Whether the runs have records of ablate, unlike the rows of a table."""
        return any(run.config_sha256 for run in self.plan.runs)

    @property
    def metric(self) -> Metric:
        """What the variants are compared in."""
        return self.plan.metric

    @cached_property
    def format(self) -> MetricFormat:
        """The metric as it is printed."""
        return metric_format(self.metric, self.effects)

    @property
    def images(self) -> int | None:
        """Number of evaluation images; None if no predictions are stored."""
        return len(self.predicted.labels) if self.predicted else None

    @cached_property
    def labels(self) -> dict[str, str]:
        """Each variant, baseline first, and what it changes."""
        return collect.labels(self.runs)

    @cached_property
    def chosen(self) -> str | None:
        """The variant with the best mean, by the rule of `ablate test`; it may be the baseline."""
        values = self.runs[self.metric.name]
        return highest_mean(zip(self.runs["variant"], self.runs["status"], values, strict=True), self.metric)


def analyse(study_folder: Path) -> Results:
    """Read a study's runs and compare them. InputError if `study_folder` is not a study."""
    folder = Path(study_folder)
    plan, runs = collect.read_plan(folder), collect.collect(folder)
    return compare(folder, plan, runs)


def compare(
    folder: Path,
    plan: StudyPlan,
    runs: pd.DataFrame,
    curves: pd.DataFrame | None = None,
    assumptions: Sequence[str] = (),
    joined: Path | None = None,
) -> Results:
    """Compare the runs of a study.

    Args:
        folder: of the study; it need not contain files of the runs.
        plan: its plan.
        runs: frame of `collect`.
        curves: frame of `collect.curves`; None: read from the folder.
        assumptions: sentences on how runs from elsewhere were read.
        joined: folder of the report, if it is not that of the runs.

    Raises:
        InputError: the author's report.md cannot be used.
    """
    author = text.read(joined or folder)
    predicted = image_correctness.load(folder, runs)
    classes = chance.class_count(runs)
    runs = runs.assign(collapsed=chance.collapsed(runs, predicted, classes))
    compared = effects(runs, metric=plan.metric, chance=plan.metric.at_chance(classes))
    by_class, crossed = _images(predicted, compared, runs)
    contrasts, anova, shares = _factorial(runs, plan.metric.name)
    return Results(
        folder=folder,
        plan=plan,
        runs=runs,
        curves=_curves(folder, plan, runs) if curves is None else curves,
        class_count=classes,
        effects=compared,
        contrasts=contrasts,
        anova=anova,
        shares=shares,
        predicted=predicted,
        classes=by_class,
        crossed=crossed,
        changes=changes(folder, runs, most_different(compared, DESCRIBED)),
        usage=usage(folder, plan),
        samples=collect.samples(folder, runs),
        author=author,
        assumptions=tuple(assumptions),
        joined=joined,
    )


def _curves(folder: Path, plan: StudyPlan, runs: pd.DataFrame) -> pd.DataFrame:
    """The learning curves of a study of `ablate train` or of another app."""
    return collect.curves(folder, runs) if plan.app is None else app_curves.curves(folder, runs)


def _factorial(runs: pd.DataFrame, metric: str) -> tuple[pd.DataFrame | None, pd.DataFrame | None, pd.DataFrame | None]:
    """Main effects, analysis of variance and shares of a study of two or more factors; interactions if estimable.

    Exploratory: each table is corrected (Holm) for its own tests, apart from the verdicts.
    """
    factors = collect.varied(runs)
    if not 2 <= len(factors) <= MOST_FACTORS:
        return None, None, None
    frame = runs.assign(**{metric: runs[metric].where(runs["status"] == "completed")})
    contrasts = stats.contrasts(frame, factors, metric)
    anova = stats.anova(frame, metric, factors, block="seed")
    shares = stats.shares(frame, metric, factors, block="seed")
    main = contrasts["kind"] == "main"
    if not contrasts.loc[~main, "estimable"].any():  # no rows of nothing
        contrasts, anova = contrasts[main], anova[~anova["term"].str.contains(":")]
    of_factors = ~anova["term"].isin(["seed", "Residual"])
    contrasts = contrasts.assign(p_holm=stats.holm(contrasts["p"]))
    return contrasts, anova.assign(p_holm=stats.holm(anova["p"].where(of_factors))), shares


def _images(
    predicted: image_correctness.Predictions | None, compared: pd.DataFrame, runs: pd.DataFrame
) -> tuple[pd.DataFrame | None, dict[str, stats.CrossedInterval]]:
    """Accuracy by class, and differences over seeds and images, of the variants that are compared.

    An interval over images is kept only if it uses the same seeds as the interval it is printed next to.
    """
    if predicted is None or not predicted.correct(collect.BASELINE):
        return None, {}
    names = [name for name in compared["variant"] if name != collect.BASELINE]
    classes = image_correctness.class_differences(predicted, names)
    seeds = compared.set_index("variant")["n"]
    base = predicted.correct(collect.BASELINE)
    same = [name for name in classes.index[1:] if len(base.keys() & predicted.correct(name).keys()) == seeds[name]]
    crossed = {name: image_correctness.crossed(predicted, name) for name in same}
    return classes, {name: interval for name, interval in crossed.items() if interval is not None}
