"""The search space of a hyperparameter search, and the levels of its trials as in overrides."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from ablate.study import factors
from ablate.study.level import same_level
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import optuna

SIGNIFICANT_DIGITS = 4  # of a proposed number


def search_space(swept: factors.Sweep, intervals: Sequence[Override]) -> dict[str, Any]:
    """Convert `interval(...)` overrides and lists of levels to Optuna distributions: {factor: distribution}."""
    try:
        from optuna import distributions
    except ModuleNotFoundError:
        raise InputError("hydra/sweeper=optuna needs Optuna: pip install 'hydra-ablate[tune]'.") from None
    space: dict[str, Any] = {}
    for override in intervals:
        interval: Any = override.value()
        is_integer = isinstance(interval.start, int) and isinstance(interval.end, int)
        if not float(interval.end) - float(interval.start) < math.inf:
            raise InputError(f"{override.input_line} is not a range that can be searched: its ends must be finite.")
        distribution: Any = distributions.IntDistribution if is_integer else distributions.FloatDistribution
        try:
            space[factors.name_of(override)] = distribution(interval.start, interval.end, log="log" in interval.tags)
        except ValueError as error:
            raise InputError(f"{override.input_line} is not a range that can be searched: {error}") from None
    space |= {name: distributions.CategoricalDistribution(levels) for name, levels in swept.factors.items()}
    if not space:
        raise InputError("The search has no parameters. Set a key to interval(low, high) or to a list of levels.")
    return space


def baseline_values(config: DictConfig, space: dict[str, Any]) -> dict[str, Any]:
    """The values of the factors in the configuration, if they are in the search space."""
    current = {name: config.hydra.runtime.choices.get(name, OmegaConf.select(config, name)) for name in space}
    known = {name: _listed(space[name], value) for name, value in current.items() if hasattr(space[name], "choices")}
    levels = {name: level for name, level in (current | known).items() if level is not None}
    return {name: level for name, level in levels.items() if _contains(space[name], level)}


def _listed(distribution: "optuna.distributions.CategoricalDistribution", value: Any) -> str | None:
    """The level that has this value, as it is listed; None if there is none."""
    plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    return next((level for level in map(str, distribution.choices) if same_level(level, plain)), None)


def _contains(distribution: "optuna.distributions.BaseDistribution", value: Any) -> bool:
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def format_levels(params: dict[str, Any]) -> dict[str, str]:
    """Format the parameters of a trial as in overrides."""
    return {
        name: f"{value:.{SIGNIFICANT_DIGITS}g}" if isinstance(value, float) else str(value)
        for name, value in sorted(params.items())
    }
