"""The plan of a study, from the overrides of the command line to the content of study.json."""

import dataclasses
import logging
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import DictConfig, OmegaConf

from ablate.config import validate
from ablate.config.schema import StudySettings
from ablate.runs import study_plan
from ablate.runs.metric import LABELS, Metric, named
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.runs.tuning import DESIGN, TuningPlan
from ablate.runs.without_effect import without_effect
from ablate.study import design, explain, extend, factors, overrides, path, plan
from ablate.study.checked_runs import ComposedRun, composed_runs, once
from ablate.study.composer import PlanLoader
from ablate.study.tuned_runs import NOT_TUNED, Phase
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

log = logging.getLogger(__name__)
DEFAULT_MARGIN = 1.0  # percentage points, in conf/config.yaml; metrics in other units have no margin by default


@dataclass(frozen=True)
class ComposedStudy:
    """The plan of a study, and the overrides from which Hydra composes each run, by the run's folder."""

    plan: StudyPlan
    overrides: dict[str, list[str]]


def study(
    loader: PlanLoader, config: DictConfig, params: dict[str, Any], arguments: Sequence[str], phase: Phase = NOT_TUNED
) -> ComposedStudy:
    """The study that a sweeper's `params` and the command line's `arguments` describe; `phase`: which runs of it.

    Raises:
        InputError: a planned run cannot be composed, or has a value that is not allowed.
    """
    validate(OmegaConf.create({"study": config.study}))  # before the design that they ask for is looked up
    settings: Any = OmegaConf.to_object(config.study)
    if settings.of is not None:
        arguments = [*explain.words(Path(settings.of), metric_of(settings)), *arguments]
    sweep = factors.read(overrides.read(loader, params, arguments), settings.bundles, config.get("seed", 0))
    folder = Path(config.hydra.sweep.dir)
    replicates = plan.replicates(sweep, settings, path.qualities(folder))
    composed, replicates = phase.planned(sweep, replicates, settings.prefix)
    if phase.is_tuning:
        sweep = composed
    baseline = design.baseline(sweep.factors)
    if (folder / study_plan.FILE).exists():  # before its runs are compared, which another baseline would change
        extend.same_baseline(folder, study_plan.read(folder), baseline)
    if settings.block is None and (compared := [name for name in sweep.factors if name in ("data", "data.root")]):
        log.warning(
            "%s is a factor: results on different data sets are compared with each other. To compare variants within"
            " each data set, add study.block=%s",
            compared[0], compared[0],
        )  # fmt: skip
    runs = once(composed_runs(loader, config, composed, replicates))
    if not phase.is_tuning:
        for sentence in without_effect([run.settings for run in runs]):
            log.warning("%s", sentence)
    if phase.is_tuning:
        settings = dataclasses.replace(settings, design=DESIGN, stages=[])
    head = plan_of(settings, settings.design, sweep, runs, baseline, tuning=phase.tuning)
    return ComposedStudy(head, {run.planned.folder: run.overrides for run in runs})


def plan_of(
    settings: StudySettings | DictConfig,
    named_design: str,
    sweep: factors.Sweep,
    runs: Sequence[ComposedRun],
    baseline: design.Variant,
    trained: dict[str, Any] | None = None,
    tuning: TuningPlan | None = None,
) -> StudyPlan:
    """The content of study.json; InputError if a name in it cannot be used.

    Args:
        settings: those of the study.
        named_design: name of its design.
        sweep: its factors and seeds.
        runs: its runs.
        baseline: the first level of every factor.
        trained: settings of the baseline, if it is not one of the runs.
        tuning: how its variants are tuned.
    """
    trained = next((run.settings for run in runs if run.planned.variant == BASELINE), trained)
    try:
        return StudyPlan(
            name=settings.name,
            design=named_design,
            metric=metric_of(settings),
            secondary=[known_metric(name, "study.secondary").name for name in settings.secondary],
            baseline=baseline,
            factors=sweep.factors,
            seeds=list(sweep.seeds),
            stages=list(settings.stages),
            block=settings.block,
            tuning=tuning,
            command=shlex.join(["ablate", "train", *sys.argv[1:]]),
            runs=[run.as_recorded() for run in runs],
            settings=trained,
            data_varies=len({run.data for run in runs}) > 1,
        )
    except ValueError as error:
        raise InputError(f"The study cannot be planned: {error}.") from None


def known_metric(name: str, key: str) -> Metric:
    """The metric of this name; InputError, which names the configuration key, if no run has it."""
    if name not in LABELS:
        raise InputError(f"{key}={name} is unknown.{did_you_mean(name, LABELS)} Metrics: {', '.join(LABELS)}.")
    return named(name)


def metric_of(settings: StudySettings | DictConfig) -> Metric:
    """The metric of a study with its margin, whose default is for metrics in percent; InputError if it is unknown."""
    metric = known_metric(settings.metric, "study.metric")
    in_points = metric.unit == "%" or settings.margin != DEFAULT_MARGIN
    return msgspec.structs.replace(metric, margin=settings.margin if in_points else None)
