"""Every run of a plan composed, checked and hashed, before the first one trains."""

import copy
import logging
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config import Chosen, validate
from ablate.config.schema import Study
from ablate.runs import record
from ablate.study import design, plan
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)
Changes = tuple[tuple[str, str], ...]  # (factor, level) of what differs from the baseline


class Planned:
    """Hydra's loader, which takes 0.2 s a run, but for the runs of a plan: they were composed when it was made."""

    def __init__(self, loader: ConfigLoader) -> None:
        self.hydra = loader
        self.runs: dict[tuple[str, ...], Callable[[], DictConfig]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hydra, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return Planned, (self.hydra,)  # on another machine, Hydra composes

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """The configuration of the run with these overrides."""
        planned = self.runs.get(tuple(sweep_overrides))
        return planned() if planned else self.hydra.load_sweep_config(master_config, sweep_overrides)


def study(loader: Planned, config: DictConfig, params: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    """The study that a sweeper's `params` and the command line's `arguments` describe: study.json's content.

    Its runs also have `overrides`, the words Hydra composes each from.

    Raises:
        InputError: a planned run cannot be composed, or has a value that is not allowed.
    """
    words = [f"{key}={value}" for key, value in params.items()] + list(arguments)
    validate(OmegaConf.create({"study": config.study}))  # before the design that they ask for is looked up
    settings: Any = OmegaConf.to_object(config.study)
    described = plan.read(OverridesParser.create(loader.hydra).parse_overrides(words), settings.bundles)
    baseline, seeds = design.baseline(described.factors), list(described.seeds)
    runs = once(checked(loader, config, described, plan.runs(described, settings)))
    return written(settings, settings.design, baseline, described.factors, seeds, runs)


def written(
    settings: Study | DictConfig,
    named_design: str,
    baseline: design.Variant,
    factors: design.Factors,
    seeds: list[int],
    runs: list[dict[str, Any]],
) -> dict[str, Any]:
    """The content of study.json."""
    command = shlex.join(["ablate", "train", *sys.argv[1:]])
    head = {"schema": record.SCHEMA, "name": settings.name, "design": named_design, "margin": settings.margin}
    head["baseline"] = baseline
    return {**head, "factors": factors, "seeds": seeds, "command": command, "runs": runs}


def checked(
    loader: Planned, config: DictConfig, described: plan.Sweep, runs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The runs with their overrides and the hash of their configuration; InputError if one cannot be trained."""
    composer = Composer(loader, config, described)
    ready, options = [], dict(config.hydra.runtime.choices)
    for run in track(runs, "Checking runs", len(runs), patience=1.0):
        try:
            composed = composer.compose(run["factors"], run["seed"])
            of_run = dict(word.split("=", 1) for word in described.overrides(run["factors"]) if "=" in word)
            validate(composed, Chosen(options | of_run, config.hydra.overrides.task))
        except InputError as error:
            raise InputError(f"Run {run['folder']}: {error}") from None
        # Named here, for a name made from the time must be the same in every worker.
        place = [f"study.name='{config.study.name}'", f"hydra.sweep.subdir='{run['folder']}'"]
        overrides = [*described.overrides(run["factors"]), f"seed={run['seed']}", *place]
        ready.append({**run, "overrides": overrides, "config_sha256": record.config_sha256(composed)})
        loader.runs[tuple(overrides)] = partial(composer.with_hydra, run["factors"], run["seed"], overrides)
    return ready


class Composer:
    """The configuration of each run, as Hydra composes it. Hydra takes 0.2 s: what runs share is composed once.

    A level that changes nothing but its own group, and nearly every one does, is composed beside the baseline and put
    into every variant that has it. The value of a single key, the seed's too, is set last, as Hydra itself does.
    """

    def __init__(self, loader: Planned, config: DictConfig, described: plan.Sweep) -> None:
        self.loader, self.config, self.described = loader.hydra, config, described
        self.parser = OverridesParser.create(self.loader)
        self.keys = {name for name in described.factors if name not in described.bundles and _is_key(self.loader, name)}
        levels = design.baseline(described.factors)
        self.baseline = {name: level for name, level in levels.items() if name not in self.keys}
        self.whole: dict[Changes, DictConfig] = {}
        self.hydra: dict[Changes, DictConfig] = {}
        self.alone: dict[Changes, bool] = {}

    def compose(self, variant: design.Variant, seed: int) -> DictConfig:
        """The configuration of a run, without Hydra's own settings."""
        changes = self._changes(variant)
        if len(changes) > 1 and all(self._alone(change) for change in changes):
            composed = copy.deepcopy(self._whole(()))
            for change in changes:
                composed[change[0]] = copy.deepcopy(self._whole((change,))[change[0]])
        else:
            composed = copy.deepcopy(self._whole(changes))
        for word in [*(f"{name}={level}" for name, level in variant.items() if name in self.keys), f"seed={seed}"]:
            override = self.parser.parse_override(word)
            OmegaConf.update(composed, override.key_or_group, override.value(), merge=True)
        return composed

    def with_hydra(self, variant: design.Variant, seed: int, words: Sequence[str]) -> DictConfig:
        """A run's configuration with Hydra's own settings: what Hydra composes from the overrides `words`."""
        composed = self.compose(variant, seed)
        settings = self._settings(self._changes(variant))
        overrides = self.parser.parse_overrides(list(words))
        place = [override for override in overrides if override.is_hydra_override()]
        task = [override for override in overrides if not override.is_hydra_override()]
        for override in place:
            OmegaConf.update(settings, override.key_or_group.removeprefix("hydra."), override.value())
        settings.overrides.hydra = [*self.config.hydra.overrides.hydra, *(override.input_line for override in place)]
        settings.overrides.task = [override.input_line for override in task]
        style = settings.job.config.override_dirname
        settings.job.override_dirname = get_overrides_dirname(
            overrides=task, kv_sep=style.kv_sep, item_sep=style.item_sep, exclude_keys=style.exclude_keys
        )
        with open_dict(composed):
            composed.hydra = settings
        OmegaConf.copy_cache(from_config=self.config, to_config=composed)
        return composed

    def _changes(self, variant: design.Variant) -> Changes:
        return tuple((name, variant[name]) for name in self.baseline if variant[name] != self.baseline[name])

    def _whole(self, changes: Changes) -> DictConfig:
        """Hydra's composition of the baseline with some levels changed; only the values of single keys are not set."""
        if changes not in self.whole:
            words = [*self.described.overrides(self.baseline | dict(changes)), f"study.name='{self.config.study.name}'"]
            composed = self.loader.load_sweep_config(self.config, words)
            with open_dict(composed):
                self.hydra[changes] = composed.pop("hydra")
            self.whole[changes] = composed
        return self.whole[changes]

    def _settings(self, changes: Changes) -> DictConfig:
        """Hydra's own settings for the baseline with some levels changed."""
        if changes in self.hydra:
            return copy.deepcopy(self.hydra[changes])
        settings = copy.deepcopy(self.hydra[()])
        before = self.hydra[()].runtime.choices
        for change in changes:  # each was composed alone, and chose an option
            chosen = self.hydra[(change,)].runtime.choices
            with open_dict(settings.runtime.choices):
                settings.runtime.choices.update({n: option for n, option in chosen.items() if option != before.get(n)})
        return settings

    def _alone(self, change: tuple[str, str]) -> bool:
        """True if the level changes nothing but its own group."""
        if (change,) not in self.alone:
            before: Any = OmegaConf.to_container(self._whole(()))
            after: Any = OmegaConf.to_container(self._whole((change,)))
            before.pop(change[0], None)
            self.alone[(change,)] = after.pop(change[0], None) is not None and before == after
        return self.alone[(change,)]


def _is_key(loader: ConfigLoader, factor: str) -> bool:
    """True for a dotted key, such as `optimizer.lr`; False for a group, and for `+key` or `key@package`."""
    return re.fullmatch(r"[\w.]+", factor) is not None and not loader.get_group_options(factor)


def once(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs without those whose configuration an earlier one has: levels may be two names of one value."""
    first: dict[str, dict[str, Any]] = {}
    for run in runs:
        kept = first.setdefault(run["config_sha256"], run)
        if kept is not run:
            log.warning("%s is the same configuration as %s, which is run once", run["folder"], kept["folder"])
    return list(first.values())
