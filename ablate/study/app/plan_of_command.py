"""Overrides -> the plan of a study of any app: each run composed by Hydra and hashed before the first one starts."""

import hashlib
import json
import logging
import shlex
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config.flatten import flat
from ablate.config.quoting import quoted
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.runs.tuning import DESIGN
from ablate.runs.valid_names import is_name
from ablate.study import design, factors, overrides, path, plan
from ablate.study.app import messages
from ablate.study.app.settings import Settings
from ablate.study.composer import Composer, PlanLoader
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.tuned_runs import NOT_TUNED, Phase
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)
# Interpolations that only have a value within a run, or another one each time.
PER_RUN = ("${hydra:", "${now:", "${oc.env:PWD", "${oc.env:OLDPWD")


def folder_of(config: DictConfig, settings: Settings) -> Path:
    """The absolute folder of the study: `hydra.sweep.dir`, or `outputs/NAME` if that contains the time.

    Raises:
        InputError: it is different in each run, or Hydra cannot use its name.
    """
    written = str(flat(config.hydra, resolve=False)["sweep.dir"])
    if "hydra.job." in written:
        raise InputError(
            f"hydra.sweep.dir={written}: all runs of a study need the same folder, and hydra.job differs. Set"
            " hydra.sweeper.name, or another hydra.sweep.dir."
        )
    named = settings.name and "${now:" in written
    folder = (Path("outputs", str(settings.name)) if named else Path(config.hydra.sweep.dir)).absolute()
    if "${" in str(folder):
        raise InputError(f"{folder}: Hydra would replace ${{...}} in it. Rename the folder, or set hydra.sweep.dir.")
    if not is_name(str(folder)):
        raise InputError(f"{folder}: a folder's name must be printable text in UTF-8. Rename it.")
    return folder


def study(
    loader: PlanLoader,
    config: DictConfig,
    settings: Settings,
    arguments: Sequence[str],
    folder: Path,
    phase: Phase = NOT_TUNED,
) -> ComposedStudy:
    """The study that the app's command describes.

    Args:
        loader: of the app's configuration.
        config: the app's configuration with the `hydra` section, without the swept overrides.
        settings: of the study.
        arguments: overrides of the command line.
        folder: of the study.
        phase: which runs of it.

    Raises:
        InputError: a planned run cannot be composed.
    """
    parsed = overrides.read(loader, settings.params, arguments)
    added = {factors.name_of(override) for override in parsed}
    has_seed = settings.seed_key in flat(config, resolve=False)
    default = OmegaConf.select(config, settings.seed_key, throw_on_missing=False) if has_seed else None
    if not has_seed and settings.seed_key != "seed" and settings.seed_key not in added:
        raise InputError(f"hydra.sweeper.seed_key={settings.seed_key}: the app's configuration has no such key.")
    seed = (default if isinstance(default, int) else 0) if has_seed else None
    sweep = factors.read(parsed, settings.bundles, seed, settings.seed_key)
    replicates = plan.replicates(sweep, settings, path.qualities(folder))
    composing, replicates = phase.planned(sweep, replicates, settings.prefix)
    if phase.is_tuning:
        sweep = composing
    composer = Composer(loader, config, composing)
    runs, overrides_of, trained = [], {}, None
    seen: dict[str, str] = {}
    for replicate in track(replicates, "Checking runs", len(replicates), patience=1.0):
        try:
            composed = composer.compose(replicate.levels, replicate.seed)
        except (HydraException, OmegaConfBaseException) as error:
            groups = loader.list_groups("")
            raise InputError(f"Run {replicate.folder}: {messages.of_configuration(error, config, groups)}") from None
        content = identity(composed, settings.ignore)
        same = seen.setdefault(digest(content), replicate.folder)
        if same != replicate.folder:
            log.warning("%s has the same configuration as %s; it is run only once", replicate.folder, same)
            continue
        written_sha256 = digest(written(composed, settings.ignore))
        if has_seed:  # what follows from the seed then has one value for all runs of a variant
            OmegaConf.update(composed, settings.seed_key, 0)
        without_seed = identity(composed, [*settings.ignore, settings.seed_key])
        trained = without_seed if trained is None and replicate.variant == BASELINE else trained
        runs.append(
            PlannedRun(
                variant=replicate.variant,
                factors=replicate.factors,
                seed=replicate.seed,
                folder=replicate.folder,
                config_sha256=digest(content),
                settings_sha256=digest(without_seed),
                written_sha256=written_sha256,
            )
        )
        place = [f"hydra.sweep.dir={quoted(str(folder))}", f"hydra.sweep.subdir={quoted(replicate.folder)}"]
        levels, seeding = composing.overrides(replicate.levels), sweep.seed_override(replicate.seed)
        overrides_of[replicate.folder] = [*levels, *seeding, *place]
        loader.runs[tuple(overrides_of[replicate.folder])] = partial(
            composer.with_hydra, replicate.levels, replicate.seed, overrides_of[replicate.folder]
        )
    try:
        whole = StudyPlan(
            name=settings.name or folder.name,
            app=sys.argv[0],
            design=DESIGN if phase.is_tuning else settings.design,
            metric=settings.as_metric(),
            secondary=settings.secondary,
            baseline=design.baseline(sweep.factors),
            factors=sweep.factors,
            seeds=list(sweep.seeds),
            stages=[] if phase.is_tuning else list(settings.stages),
            block=settings.block,
            tuning=phase.tuning,
            command=shlex.join(["python", *sys.argv]),
            runs=runs,
            settings=trained,
            data_varies=False,
        )
    except ValueError as error:
        raise InputError(f"The study cannot be planned: {error}.") from None
    return ComposedStudy(whole, overrides_of)


def identity(config: DictConfig, ignore: Iterable[str]) -> dict[str, Any]:
    """What a run is trained with, as plain values: interpolations resolved, without the keys in `ignore`.

    An interpolation that only has a value within a run, such as `${hydra:runtime.output_dir}`, stays as text.
    """
    return _without(_resolved(config), ignore)


def written(config: DictConfig, ignore: Iterable[str]) -> dict[str, Any]:
    """The configuration of a run as plain values, without the keys in `ignore` and with interpolations as text.

    It is the same before the run and in it, where an environment variable may have another value.
    """
    content: Any = OmegaConf.to_container(config, resolve=False)
    content.pop("hydra", None)
    return _without(content, ignore)


def _without(content: dict[str, Any], ignore: Iterable[str]) -> dict[str, Any]:
    """The content without these keys, which are removed from it."""
    for key in ignore:
        node, names = content, key.split(".")
        for name in names[:-1]:
            node = node.get(name, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict):
            node.pop(names[-1], None)
    return content


def _resolved(node: Any) -> Any:
    written: Any = OmegaConf.to_container(node, resolve=False)
    if isinstance(node, DictConfig):
        return {str(key): _value(node, key, written[key]) for key in node if key != "hydra"}
    return [_value(node, place, written[place]) for place in range(len(node))]


def _value(node: Any, key: Any, raw: Any) -> Any:
    """The resolved value of a key, which is written as `raw`."""
    as_text = raw.replace("${", "{") if isinstance(raw, str) else raw  # no interpolation any more
    if isinstance(raw, str) and any(word in raw for word in PER_RUN):
        return as_text
    try:
        value = node[key]
    except OmegaConfBaseException:  # missing (???), or an interpolation that only has a value within a run
        return as_text
    return _resolved(value) if OmegaConf.is_config(value) else value


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of plain values, whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
