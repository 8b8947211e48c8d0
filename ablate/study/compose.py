"""Every run of a plan composed, checked and hashed, before the first one trains."""

import copy
import logging
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate import record
from ablate.config import validate
from ablate.errors import InputError
from ablate.study import design, plan

log = logging.getLogger(__name__)


def study(loader: ConfigLoader, config: DictConfig, params: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    """The study that a sweeper's `params` and the command line's `arguments` describe: study.json's content.

    Its runs also have `overrides`, the words Hydra composes each from.

    Raises:
        InputError: a planned run cannot be composed, or has a value that is not allowed.
    """
    words = [f"{key}={value}" for key, value in params.items()] + list(arguments)
    settings = OmegaConf.to_object(config.study)
    described = plan.read(OverridesParser.create(loader).parse_overrides(words), settings.bundles)
    return {
        "schema": record.SCHEMA,
        "name": settings.name,
        "design": settings.design,
        "baseline": design.baseline(described.factors),
        "factors": described.factors,
        "seeds": list(described.seeds),
        "command": shlex.join(["ablate", "train", *sys.argv[1:]]),
        "runs": once(checked(loader, config, described, plan.runs(described, settings))),
    }


def checked(
    loader: ConfigLoader, config: DictConfig, described: plan.Sweep, runs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The runs with their overrides and the hash of their configuration; InputError if one cannot be trained.

    Hydra takes 0.2 s to compose. Runs that differ in the seed or in the value of a key alone share one composition, in
    which that value is then set, as Hydra itself does last.
    """
    compositions: dict[tuple[str, ...], DictConfig] = {}
    parser = OverridesParser.create(loader)
    ready = []
    for run in runs:
        # Named here, for a name made from the time must be the same in every worker.
        place = [f"study.name='{config.study.name}'", f"hydra.sweep.subdir='{run['folder']}'"]
        values = [factor for factor in run["factors"] if _is_key(loader, factor) and factor not in described.bundles]
        shared = described.overrides({name: level for name, level in run["factors"].items() if name not in values})
        try:
            if (words := tuple(shared)) not in compositions:
                compositions[words] = _trained(loader.load_sweep_config(config, [*shared, "seed=0", place[0]]))
            composed = copy.deepcopy(compositions[words])
            for word in [*(f"{name}={run['factors'][name]}" for name in values), f"seed={run['seed']}"]:
                override = parser.parse_override(word)
                OmegaConf.update(composed, override.key_or_group, override.value(), merge=True)
            validate(composed)
        except InputError as error:
            raise InputError(f"Run {run['folder']}: {error}") from None
        overrides = [*described.overrides(run["factors"]), f"seed={run['seed']}", *place]
        ready.append({**run, "overrides": overrides, "config_sha256": record.config_sha256(composed)})
    return ready


def _is_key(loader: ConfigLoader, factor: str) -> bool:
    """True for a dotted key, such as `optimizer.lr`; False for a group, and for `+key` or `key@package`."""
    return re.fullmatch(r"[\w.]+", factor) is not None and not loader.get_group_options(factor)


def _trained(composed: DictConfig) -> DictConfig:
    """What is trained of a composed configuration: all but Hydra's own settings."""
    with open_dict(composed):
        del composed["hydra"]
    return composed


def once(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs without those whose configuration an earlier one has: levels may be two names of one value."""
    first: dict[str, dict[str, Any]] = {}
    for run in runs:
        kept = first.setdefault(run["config_sha256"], run)
        if kept is not run:
            log.warning("%s is the same configuration as %s, which is run once", run["folder"], kept["folder"])
    return list(first.values())
