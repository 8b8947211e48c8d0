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

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.app.settings import Settings
from ablate.config.messages import sentence
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.study import design, plan
from ablate.study.compose import ComposedStudy
from ablate.study.composer import Composer, PlanLoader
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)
# Interpolations that only have a value within a run, or another one each time.
PER_RUN = ("${hydra:", "${now:", "${oc.env:PWD", "${oc.env:OLDPWD")


def folder_of(config: DictConfig, settings: Settings) -> Path:
    """The folder of the study: `hydra.sweep.dir`, or `outputs/NAME` where that changes with the time."""
    written = str(OmegaConf.to_container(config.hydra.sweep, resolve=False)["dir"])  # type: ignore[call-overload,index]
    if settings.name and "${now:" in written:
        return Path("outputs", settings.name)
    return Path(config.hydra.sweep.dir)


def study(
    loader: PlanLoader, config: DictConfig, settings: Settings, arguments: Sequence[str], folder: Path
) -> ComposedStudy:
    """The study that the app's command describes.

    Args:
        loader: of the app's configuration.
        config: the app's configuration with the `hydra` section, without the swept overrides.
        settings: of the study.
        arguments: overrides of the command line.
        folder: of the study.

    Raises:
        InputError: a planned run cannot be composed.
    """
    words = [f"{key}={value}" for key, value in settings.params.items()] + list(arguments)
    overrides = OverridesParser.create(loader.hydra).parse_overrides(words)
    default = OmegaConf.select(config, settings.seed_key)
    sweep = plan.read(overrides, settings.bundles, default if isinstance(default, int) else 0, settings.seed_key)
    composer = Composer(loader, config, sweep, settings.seed_key, [])
    runs, overrides_of, trained = [], {}, None
    replicates = plan.replicates(sweep, settings)
    seen: dict[str, str] = {}
    for replicate in track(replicates, "Checking runs", len(replicates), patience=1.0):
        try:
            composed = composer.compose(replicate.factors, replicate.seed)
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(f"Run {replicate.folder}: {_reason(error, settings)}") from None
        content = identity(composed, settings.ignore)
        same = seen.setdefault(digest(content), replicate.folder)
        if same != replicate.folder:
            log.warning("%s has the same configuration as %s; it is run only once", replicate.folder, same)
            continue
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
            )
        )
        place = [f"hydra.sweep.dir='{folder}'", f"hydra.sweep.subdir='{replicate.folder}'"]
        seed = [f"{sweep.seed_prefix}{settings.seed_key}={replicate.seed}"] if sweep.seeded else []
        overrides_of[replicate.folder] = [*sweep.overrides(replicate.factors), *seed, *place]
        loader.runs[tuple(overrides_of[replicate.folder])] = partial(
            composer.with_hydra, replicate.factors, replicate.seed, overrides_of[replicate.folder]
        )
    try:
        whole = StudyPlan(
            name=settings.name or folder.name,
            design=settings.design,
            metric=settings.as_metric(),
            baseline=design.baseline(sweep.factors),
            factors=sweep.factors,
            seeds=list(sweep.seeds),
            command=shlex.join(["python", *sys.argv]),
            runs=runs,
            settings=trained,
            data_varies=False,
        )
    except ValueError as error:
        raise InputError(f"The study cannot be planned: {error}.") from None
    return ComposedStudy(whole, overrides_of)


def _reason(error: Exception, settings: Settings) -> str:
    """Why a run cannot be composed. A struct configuration without a seed is the most common reason."""
    text = sentence(error)
    if settings.seed_key in text:
        text += f" Name the key of the seed with hydra.sweeper.seed_key=KEY, or add one with +{settings.seed_key}=0,1,2."
    return text


def identity(config: DictConfig, ignore: Iterable[str]) -> dict[str, Any]:
    """What a run is trained with, as plain values: interpolations resolved, without the keys in `ignore`.

    An interpolation that only has a value within a run, such as `${hydra:runtime.output_dir}`, stays as written.
    """
    content = _resolved(config)
    for key in ignore:
        node, names = content, key.split(".")
        for name in names[:-1]:
            node = node.get(name, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict):
            node.pop(names[-1], None)
    return content


def _resolved(node: Any) -> Any:
    if isinstance(node, DictConfig):
        return {str(key): _value(node, key) for key in node if key != "hydra"}
    return [_value(node, place) for place in range(len(node))]


def _value(node: Any, key: Any) -> Any:
    raw = OmegaConf.to_container(node, resolve=False)[key]  # type: ignore[index,call-overload]
    if isinstance(raw, str) and any(word in raw for word in PER_RUN):
        return raw
    try:
        value = node[key]
    except OmegaConfBaseException:  # missing (???), or an interpolation that only has a value within a run
        return raw
    return _resolved(value) if OmegaConf.is_config(value) else value


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of plain values, whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
