"""Every run of a plan composed, checked and hashed, before the first one trains."""

import logging
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from ablate.config import Chosen, validate
from ablate.config.schema import StudySettings
from ablate.runs import run_record
from ablate.runs.config_defaults import same_but_for_defaults
from ablate.runs.config_hash import config_sha256
from ablate.runs.read_config import read_config
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import design, plan
from ablate.study.composer import Composer, PlanLoader
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ComposedStudy:
    """The plan of a study, and the overrides from which Hydra composes each run, by the run's folder."""

    plan: StudyPlan
    overrides: dict[str, list[str]]


def study(loader: PlanLoader, config: DictConfig, params: dict[str, Any], arguments: Sequence[str]) -> ComposedStudy:
    """The study that a sweeper's `params` and the command line's `arguments` describe.

    Raises:
        InputError: a planned run cannot be composed, or has a value that is not allowed.
    """
    words = [f"{key}={value}" for key, value in params.items()] + list(arguments)
    validate(OmegaConf.create({"study": config.study}))  # before the design that they ask for is looked up
    settings: Any = OmegaConf.to_object(config.study)
    sweep = plan.read(OverridesParser.create(loader.hydra).parse_overrides(words), settings.bundles)
    runs = composed_runs(loader, config, sweep, plan.replicates(sweep, settings))
    kept = [run.as_recorded() for run in once(runs)]
    overrides = {run.planned.folder: run.overrides for run in runs}
    baseline = design.baseline(sweep.factors)
    return ComposedStudy(plan_of(settings, settings.design, sweep, kept, baseline), overrides)


def plan_of(
    settings: StudySettings | DictConfig,
    named_design: str,
    sweep: plan.Sweep,
    runs: list[PlannedRun],
    baseline: design.Variant,
) -> StudyPlan:
    """The content of study.json; InputError if a name in it cannot be used."""
    try:
        return StudyPlan(
            name=settings.name,
            design=named_design,
            margin=settings.margin,
            baseline=baseline,
            factors=sweep.factors,
            seeds=list(sweep.seeds),
            command=shlex.join(["ablate", "train", *sys.argv[1:]]),
            runs=runs,
        )
    except ValueError as error:
        raise InputError(f"The study cannot be planned: {error}.") from None


@dataclass(frozen=True)
class ComposedRun:
    """A planned run, its overrides, and the hash of the finished run in its folder if that is the same run."""

    planned: PlannedRun
    overrides: list[str]
    recorded_sha256: str | None

    def as_recorded(self) -> PlannedRun:
        """The planned run with the hash that its finished run was recorded with."""
        if self.recorded_sha256 is None:
            return self.planned
        return msgspec.structs.replace(self.planned, config_sha256=self.recorded_sha256)


def composed_runs(
    loader: PlanLoader, config: DictConfig, sweep: plan.Sweep, replicates: Sequence[plan.Replicate]
) -> list[ComposedRun]:
    """Each run composed, checked and hashed; InputError if one cannot be trained."""
    composer = Composer(loader, config, sweep)
    options, folder = dict(config.hydra.runtime.choices), Path(config.hydra.sweep.dir)
    runs = []
    for replicate in track(replicates, "Checking runs", len(replicates), patience=1.0):
        try:
            composed = composer.compose(replicate.factors, replicate.seed)
            chosen = dict(word.split("=", 1) for word in sweep.overrides(replicate.factors) if "=" in word)
            validate(composed, Chosen(options | chosen, config.hydra.overrides.task))
        except InputError as error:
            raise InputError(f"Run {replicate.folder}: {error}") from None
        # Set explicitly, because a name with the current time must be the same in every worker.
        destination = [f"study.name='{config.study.name}'", f"hydra.sweep.subdir='{replicate.folder}'"]
        overrides = [*sweep.overrides(replicate.factors), f"seed={replicate.seed}", *destination]
        planned = PlannedRun(
            variant=replicate.variant,
            factors=replicate.factors,
            seed=replicate.seed,
            folder=replicate.folder,
            config_sha256=config_sha256(composed),
        )
        runs.append(ComposedRun(planned, overrides, recorded_sha256(folder / planned.folder, planned, composed)))
        loader.runs[tuple(overrides)] = partial(composer.with_hydra, replicate.factors, replicate.seed, overrides)
    return runs


def recorded_sha256(folder: Path, planned: PlannedRun, config: DictConfig) -> str | None:
    """The hash of the finished run in `folder` if it differs from the planned run in newer keys at their default alone.

    None for any other run, for the same hash, and without a run.
    """
    if not (folder / run_record.FILE).exists():
        return None
    try:
        record = run_record.read(folder)
        if not record.has_result or record.config_sha256 == planned.config_sha256:
            return None
        same = same_but_for_defaults(config, read_config(folder, trusted=True), record)  # read as data
    except InputError:
        return None
    return record.config_sha256 if same else None


def once(runs: Sequence[ComposedRun]) -> list[ComposedRun]:
    """Drop runs with the same configuration as an earlier one, since two levels may have the same value."""
    first: dict[str, ComposedRun] = {}
    for run in runs:
        kept = first.setdefault(run.planned.config_sha256, run)
        if kept is not run:
            folders = run.planned.folder, kept.planned.folder
            log.warning("%s has the same configuration as %s; it is run only once", *folders)
    return list(first.values())
