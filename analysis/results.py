"""All results of a study, which `analyze.py` computes once; tables, figures, pages and macros are written from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import collect, image_correctness, stats, verdict
from ablate.analysis.all_pairs import AllPairs
from ablate.analysis.author.text import AuthorText
from ablate.analysis.blocks import Blocks
from ablate.analysis.excluded_seeds import Excluded
from ablate.analysis.metric_format import MetricFormat, metric_format
from ablate.analysis.on_test_set.usage import Usage
from ablate.analysis.search import Search
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.tuned import Tuned
from ablate.runs import run_record
from ablate.runs.activation_maps import ActivationMaps
from ablate.runs.metric import Metric
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import StudyPlan
from ablate.study.selection import highest_mean

Maps = tuple[ActivationMaps, np.ndarray, np.ndarray]  # with images and maps


@dataclass(frozen=True, eq=False)
class Results:
    """The frames of a study, each described in the module that computes it; None if the study has none."""

    folder: Path
    plan: StudyPlan
    runs: pd.DataFrame  # of `collect`, and `collapsed`: completed runs that learned nothing
    curves: pd.DataFrame
    class_count: int | None  # from the run records
    effects: pd.DataFrame
    contrasts: pd.DataFrame | None  # main effects and interactions
    anova: pd.DataFrame | None
    shares: pd.DataFrame | None  # of the sum of squares
    attribution: pd.DataFrame | None  # Shapley values
    path: pd.DataFrame | None  # one change after the other
    predicted: image_correctness.Predictions | None
    classes: pd.DataFrame | None
    crossed: dict[str, stats.CrossedInterval]  # of the variants that have one
    changes: pd.DataFrame  # of the variants that differ most
    usage: Usage  # of the test set
    samples: dict[str, np.ndarray]  # training images of the variants that see different ones
    author: AuthorText  # report.md
    assumptions: tuple[str, ...] = ()  # how runs from elsewhere were read
    joined: Path | None = None  # folder of the report of several studies, whose runs are below `folder`
    excluded: Excluded = field(default_factory=dict)  # {seed: reason}
    pairs: AllPairs | None = None  # all pairs of variants, on request
    planned_variants: Mapping[str, str] | None = None  # {folder: variant} with the planned baseline
    search: Search | None = None  # its trials, if the study is a hyperparameter search
    planned_metric: str | None = None  # where another one than planned is compared
    looks: PlannedLooks | None = None  # of a study with stages
    paths: pd.DataFrame | None = None  # of its variants, look by look
    blocks: Blocks | None = None  # of a study with a block, whose `runs` and `curves` are means over blocks
    runs_of_blocks: pd.DataFrame | None = None  # its runs
    tuned: Tuned | None = None  # of a study whose variants were tuned
    activation_maps: Maps | None = None  # of the baseline and the variant that was tested
    other_tests: pd.DataFrame | None = None  # results on other test sets than the runs' own

    @property
    def home(self) -> Path:
        """The folder in which the report and the author's text are."""
        return self.joined or self.folder

    @property
    def every_run(self) -> pd.DataFrame:
        """One row per planned run, also of a study with a block; a frame as of `collect`."""
        return self.runs if self.runs_of_blocks is None else self.runs_of_blocks

    def compared_as(self, variant: str) -> str:
        """The variant in `runs` that a planned variant belongs to."""
        return variant if self.blocks is None else self.blocks.variant_of[variant]

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
    def only_trials(self) -> bool:
        """Whether the study is a search in which nothing can be tested, as with one seed per trial."""
        verdicts = {collect.BASELINE, verdict.NOT_TESTABLE}
        return self.search is not None and set(self.effects["verdict"]) <= verdicts

    @property
    def images(self) -> int | None:
        """Number of evaluation images; None if no predictions are stored."""
        return len(self.predicted.labels) if self.predicted else None

    @cached_property
    def records(self) -> list[tuple[str, RunRecord]]:
        """The folder and the record of each completed run that trained on images, unlike those of other apps."""
        if self.plan.app is not None or not self.is_recorded:
            return []
        folders = self.runs.loc[self.runs["status"] == "completed", "folder"]
        return [(folder, run_record.read(self.folder / folder)) for folder in folders]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Each variant, baseline first, and what it changes."""
        return collect.labels(self.runs)

    @cached_property
    def chosen(self) -> str | None:
        """The variant with the best mean, by the rule of `ablate test`; it may be the baseline."""
        values = self.runs[self.metric.name]
        return highest_mean(zip(self.runs["variant"], self.runs["status"], values, strict=True), self.metric)
