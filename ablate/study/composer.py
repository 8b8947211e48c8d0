"""Hydra's loader and the composition of each run of a plan, with what runs share composed once."""

import copy
import re
from collections.abc import Callable, Container, Sequence
from functools import cached_property
from typing import Any

from hydra._internal.config_loader_impl import (  # not public; the second is for hydra.job.override_dirname
    ConfigLoaderImpl,
    get_overrides_dirname,
)
from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config.quoting import quoted
from ablate.config.section_cache import SectionCache
from ablate.study import design
from ablate.study.factors import Sweep

Changes = tuple[tuple[str, str], ...]  # (factor, level) of what differs from the baseline


class PlanLoader:
    """Hydra's config loader, which takes 0.2 s per run, with a cache of the runs that were composed for the plan.

    Args:
        loader: Hydra's loader.
        searchpath: the setting `hydra.searchpath`, whose options Hydra's loader composes but does not list.
    """

    def __init__(self, loader: ConfigLoader, searchpath: Sequence[str] = ()) -> None:
        self.hydra, self.searchpath = loader, list(searchpath)
        self.runs: dict[tuple[str, ...], Callable[[], DictConfig]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hydra, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return PlanLoader, (self.hydra, self.searchpath)  # on another machine, Hydra composes

    def get_group_options(self, group: str, results_filter: ObjectType | None = ObjectType.CONFIG) -> list[str]:
        """The names of the options of a group, also of those in `hydra.searchpath`."""
        return self._lister.get_group_options(group, results_filter)

    @cached_property
    def _lister(self) -> ConfigLoader:
        if not self.searchpath:
            return self.hydra
        search_path = copy.deepcopy(self.hydra.get_search_path())
        for path in self.searchpath:
            search_path.append("hydra.searchpath", path)
        return ConfigLoaderImpl(search_path)

    def parse(self, words: list[str]) -> list[Override]:
        """Parse overrides."""
        return OverridesParser.create(self).parse_overrides(words)  # type: ignore[arg-type]

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """The configuration of the run with these overrides."""
        planned = self.runs.get(tuple(sweep_overrides))
        return planned() if planned else self.hydra.load_sweep_config(master_config, sweep_overrides)


class Composer:
    """The configuration of each run, as Hydra composes it. Hydra takes 0.2 s: what runs share is composed once.

    Nearly every level only changes its own group. Such a level is composed once with the baseline, and its group is
    copied into the variants that have it. Single keys, such as the seed, are set last, as in Hydra.

    Args:
        loader: Hydra's loader.
        config: configuration with the `hydra` section, without the swept overrides.
        sweep: the overrides of the study.
        naming: overrides that all runs get.
    """

    def __init__(self, loader: PlanLoader, config: DictConfig, sweep: Sweep, naming: Sequence[str] = ()) -> None:
        self.loader, self.config, self.sweep, self.naming = loader.hydra, config, sweep, naming
        self.parser = OverridesParser.create(self.loader)
        deleted = [word[1:].partition("=")[0] for word in sweep.fixed if word[0] == "~"]
        whole = {*sweep.bundles, *sweep.prefixes, *deleted}
        self.keys = {name for name in sweep.factors if name not in whole and _is_key(loader, name)}
        levels = design.baseline(sweep.factors)
        self.baseline = {name: level for name, level in levels.items() if name not in self.keys}
        self.whole: dict[Changes, DictConfig] = {}
        self.hydra: dict[Changes, DictConfig] = {}
        self.alone: dict[Changes, bool] = {}
        self.parsed: dict[str, Override] = {}

    def compose(self, variant: design.Variant, seed: int, cache: SectionCache | None = None) -> DictConfig:
        """The configuration of a run, without the `hydra` section.

        Args:
            variant: levels of the factors.
            seed: of the run.
            cache: shares the sections that the run has in common with others, which must then not be changed.
        """
        levels = [f"{name}={level}" for name, level in variant.items() if name in self.keys]
        overrides = [self._parse(word) for word in [*levels, *self.sweep.seed_override(seed)]]
        set_later = {override.key_or_group.partition(".")[0] for override in overrides}
        composed = self._copy(self._changes(variant), set_later, cache)
        for override in overrides:
            OmegaConf.update(
                composed, override.key_or_group, override.value(), merge=True, force_add=override.is_force_add()
            )
        return composed

    def with_hydra(self, variant: design.Variant, seed: int, overrides: Sequence[str]) -> DictConfig:
        """The configuration of a run with the `hydra` section, equal to what Hydra composes from the overrides."""
        composed = self.compose(variant, seed)
        settings = self._settings(self._changes(variant))
        parsed = self.parser.parse_overrides(list(overrides))
        hydra_overrides = [override for override in parsed if override.is_hydra_override()]
        task = [override for override in parsed if not override.is_hydra_override()]
        for override in hydra_overrides:
            OmegaConf.update(settings, override.key_or_group.removeprefix("hydra."), override.value())
        settings.overrides.hydra = [
            *self.config.hydra.overrides.hydra,
            *(override.input_line for override in hydra_overrides),
        ]
        settings.overrides.task = [override.input_line for override in task]
        style = settings.job.config.override_dirname
        settings.job.override_dirname = get_overrides_dirname(
            overrides=task, kv_sep=style.kv_sep, item_sep=style.item_sep, exclude_keys=style.exclude_keys
        )
        with open_dict(composed):
            composed.hydra = settings
        OmegaConf.copy_cache(from_config=self.config, to_config=composed)
        return composed

    def _copy(self, changes: Changes, set_later: Container[str], cache: SectionCache | None) -> DictConfig:
        """A copy of the composition with these options, whose sections are shared unless keys are `set_later`."""
        are_alone = len(changes) > 1 and all(self._alone(change) for change in changes)
        whole = self._whole(() if are_alone else changes)
        alone = {change[0]: self._whole((change,)) for change in changes if are_alone}
        sections: dict[str, Any] = {str(name): alone.get(str(name), whole)._get_node(name) for name in whole}
        shared = {
            name: section
            for name, section in sections.items()
            if cache and name not in set_later and cache.keep(section)
        }
        composed = copy.deepcopy(whole, {id(whole._get_node(name)): section for name, section in shared.items()})
        for name, composition in alone.items():
            if name in shared:
                shared[name]._set_parent(composition)  # the copy had set it to itself
            else:
                composed[name] = copy.deepcopy(sections[name])
        return composed

    def _parse(self, word: str) -> Override:
        """Parse an override; the seed's, which many runs share, once."""
        if word not in self.parsed:
            self.parsed[word] = self.parser.parse_override(word)
        return self.parsed[word]

    def _changes(self, variant: design.Variant) -> Changes:
        return tuple((name, variant[name]) for name in self.baseline if variant[name] != self.baseline[name])

    def _whole(self, changes: Changes) -> DictConfig:
        """Hydra's composition of the baseline with other options in some groups. Single keys are not set."""
        if changes not in self.whole:
            words = [*self.sweep.overrides(self.baseline | dict(changes)), *self.naming]
            composed = self.loader.load_sweep_config(self.config, words)
            with open_dict(composed):
                self.hydra[changes] = composed.pop("hydra")
            self.whole[changes] = composed
        return self.whole[changes]

    def _settings(self, changes: Changes) -> DictConfig:
        """The `hydra` section of this composition."""
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
        """True if a level only changes its own group."""
        if (change,) not in self.alone:
            before: Any = OmegaConf.to_container(self._whole(()))
            after: Any = OmegaConf.to_container(self._whole((change,)))
            before.pop(change[0], None)
            self.alone[(change,)] = after.pop(change[0], None) is not None and before == after
        return self.alone[(change,)]


def composer_of(loader: PlanLoader, config: DictConfig, sweep: Sweep) -> Composer:
    """Composes runs of `ablate train`; each has the name of its study, which may contain the current time."""
    return Composer(loader, config, sweep, [f"study.name={quoted(config.study.name)}"])


def _is_key(loader: PlanLoader, factor: str) -> bool:
    """True for a dotted key, such as `optimizer.lr`; False for a group, and for `key@package`."""
    return re.fullmatch(r"[\w.]+", factor) is not None and not loader.get_group_options(factor)
