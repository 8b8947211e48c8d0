"""Each run of a plan composed, checked and hashed, before the first one trains."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import DictConfig

from ablate.config import Chosen, validate
from ablate.config.quoting import quoted
from ablate.config.section_cache import SectionCache
from ablate.runs import run_record
from ablate.runs.config_hash import Settings, config_sha256, read_files, sha256_of, without_seed, written
from ablate.runs.study_plan import PlannedRun
from ablate.study import factors, plan
from ablate.study.class_weights import check_class_weights
from ablate.study.composer import Composer, PlanLoader, composer_of
from ablate.study.networks import check_network
from ablate.study.same_run import same_run
from ablate.study.user_parts import check_parts
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track
from ablate.terminal.text import first_few, plural
from ablate.training.teacher_images import check_teacher

log = logging.getLogger(__name__)
MOST_REASONS = 10  # that are listed


@dataclass(frozen=True)
class ComposedRun:
    """A planned run.

    Attributes:
        planned: its entry in the plan.
        overrides: those that Hydra composes it from.
        settings: what it is trained with, without its seed.
        data: its `data` settings with the place of its images, as text.
        recorded_sha256: the hash of the finished run in its folder, where that is the same run under another hash.
    """

    planned: PlannedRun
    overrides: list[str]
    settings: dict[str, Any]
    data: str
    recorded_sha256: str | None

    def as_recorded(self) -> PlannedRun:
        """The planned run with the hash that its finished run was recorded with."""
        if self.recorded_sha256 is None:
            return self.planned
        return msgspec.structs.replace(self.planned, config_sha256=self.recorded_sha256)


def composed_runs(
    loader: PlanLoader,
    config: DictConfig,
    sweep: factors.Sweep,
    replicates: Sequence[plan.Replicate],
    composer: Composer | None = None,
) -> list[ComposedRun]:
    """Each run composed, checked and hashed; InputError if one cannot be trained.

    Args:
        loader: composes the configurations of runs.
        config: the configuration that all runs share.
        sweep: the parsed overrides.
        replicates: the runs.
        composer: of `composer_of`, where runs are composed one after the other.
    """
    composer = composer or composer_of(loader, config, sweep)
    folder, checked = Path(config.hydra.sweep.dir), CheckedVariants(config, sweep, composer)
    runs = []
    errors: dict[str, list[str]] = {}  # runs that cannot be trained, by the reason
    failed: dict[str, str] = {}  # the reason by the variant, whose other seeds are not tried
    for replicate in track(replicates, "Checking runs", len(replicates), patience=1.0):
        try:
            if replicate.variant in failed:
                raise InputError(failed[replicate.variant])
            variant, sha256 = checked.run(replicate)
        except InputError as error:
            failed[replicate.variant] = str(error)
            errors.setdefault(str(error), []).append(replicate.folder)
            continue
        # Set explicitly, because a folder with the current time, or a run's setting, must be the same for all runs.
        place = [f"hydra.sweep.dir={quoted(config.hydra.sweep.dir)}", f"hydra.sweep.subdir='{replicate.folder}'"]
        destination = [f"study.name={quoted(config.study.name)}", *place]
        overrides = [*sweep.overrides(replicate.levels), *sweep.seed_override(replicate.seed), *destination]
        planned = PlannedRun(
            variant=replicate.variant,
            factors=replicate.factors,
            seed=replicate.seed,
            folder=replicate.folder,
            config_sha256=sha256,
            settings_sha256=variant.sha256,
        )
        recorded_sha256 = None
        if (folder / planned.folder / run_record.FILE).exists():
            composed = composer.compose(replicate.levels, replicate.seed)
            recorded_sha256 = same_run(folder / planned.folder, planned, composed, config.study.retrain)
        runs.append(ComposedRun(planned, overrides, variant.settings, variant.data, recorded_sha256))
        loader.runs[tuple(overrides)] = partial(composer.with_hydra, replicate.levels, replicate.seed, overrides)
    if errors:
        raise InputError(refusal(errors))
    return runs


def refusal(errors: Mapping[str, Sequence[str]]) -> str:
    """Which runs cannot be trained and why, a line for each reason.

    Args:
        errors: {reason: folders of its runs}.
    """
    lines = [f"Run {first_few(folders, 1)}: {reason}" for reason, folders in list(errors.items())[:MOST_REASONS]]
    others = len(errors) - MOST_REASONS
    return "\n".join([*lines, *([f"{plural(others, 'other error')}."] if others > 0 else [])])


@dataclass(frozen=True)
class CheckedVariant:
    """What the runs of a variant have in common.

    Attributes:
        settings: what they are trained with, without the seed.
        files: SHA-256 of the files that they read besides images.
        data: the `data` settings with the place of the images, as text.
    """

    settings: Settings
    files: dict[str, str]
    data: str

    @property
    def sha256(self) -> str:
        """The hash of the settings."""
        return sha256_of(self.settings, self.files)

    def run_sha256(self, seed: int) -> str:
        """The hash of the configuration of its run with this seed."""
        return sha256_of({**self.settings, "seed": seed}, self.files)


class CheckedVariants:
    """Compose and check runs. Where a variant's settings do not depend on the seed, one of its runs stands for all.

    Args:
        config: the configuration that all runs share.
        sweep: the parsed overrides.
        composer: composes a run.
    """

    def __init__(self, config: DictConfig, sweep: factors.Sweep, composer: Composer) -> None:
        self.sweep, self.composer = sweep, composer
        self.options, self.task = dict(config.hydra.runtime.choices), list(config.hydra.overrides.task)
        self.variants: dict[tuple[tuple[str, str], ...], CheckedVariant] = {}
        self.seeds: set[int] = set()
        self.cache = SectionCache()

    def run(self, replicate: plan.Replicate) -> tuple[CheckedVariant, str]:
        """The run's variant, and the hash of the run's configuration; InputError if it cannot be trained."""
        levels = tuple(replicate.levels.items())
        if levels in self.variants and replicate.seed in self.seeds:
            variant = self.variants[levels]
            return variant, variant.run_sha256(replicate.seed)
        composed = self.composer.compose(replicate.levels, replicate.seed, self.cache)
        words = [word.lstrip("+~") for word in self.sweep.overrides(replicate.levels)]
        chosen = dict(word.split("=", 1) for word in words if "=" in word)
        options = {**self.options, **chosen}
        validate(composed, Chosen(options, self.task), self.cache)
        check_class_weights(composed)
        check_network(composed)
        check_teacher(composed)
        check_parts(composed, self.cache)
        settings = json.loads(json.dumps(without_seed(composed, self.cache)))
        data = json.dumps(self.cache.value(composed, "data"))
        variant = CheckedVariant(settings, read_files(settings), data)
        self.seeds.add(replicate.seed)
        if depends_on_seed(composed, self.cache):
            return variant, config_sha256(composed)
        self.variants[levels] = variant
        return variant, variant.run_sha256(replicate.seed)


def depends_on_seed(config: DictConfig, cache: SectionCache) -> bool:
    """True if a setting may depend on the seed: it has an interpolation of anything but an environment variable."""
    return re.search(r"\$\{(?!oc\.env:)", json.dumps(written(config, cache))) is not None


def once(runs: Sequence[ComposedRun]) -> list[ComposedRun]:
    """Drop runs with the same configuration as an earlier one, since two levels may have the same value."""
    first: dict[tuple[str, str], ComposedRun] = {}
    for run in runs:
        kept = first.setdefault((run.planned.config_sha256, run.data), run)
        if kept is not run:
            folders = run.planned.folder, kept.planned.folder
            log.warning("%s has the same configuration as %s; it is run only once", *folders)
    return list(first.values())
