"""The settings that are tried for each variant of a tuned study, and the runs of its two phases."""

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from ablate.runs.tuning import Setting, TuningPlan
from ablate.study import plan
from ablate.study.factors import Sweep
from ablate.study.level import level_text
from ablate.study.path import PATH
from ablate.study.plan import Replicate
from ablate.study.search_space import format_levels
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number, first_few, plural

MOST_SETTINGS = 10_000
MOST_DRAWS = 100_000  # without a new setting, before there seem to be no others
FIXED = ("study", "hydra")  # sections that runs share


class TuneSettings(plan.DesignSettings, Protocol):
    """What the tuning needs of the settings of a study; see `StudySettings`."""

    @property
    def tune(self) -> Any:
        """{tuned key: list of levels, or interval as text}."""

    @property
    def tune_trials(self) -> int | None:
        """Number of random settings; None: all combinations."""

    @property
    def tune_seeds(self) -> list[int]:
        """Seeds of the tuning runs."""


def tuning_plan(settings: TuneSettings) -> TuningPlan | None:
    """How the settings ask to tune each variant; None: not at all.

    `tune` has a list of levels per key, or text: `interval(low,high)` or `tag(log,interval(low,high))`. Without
    `tune_trials`, all combinations are tried; with it, as many random ones, the same for each variant.

    Raises:
        InputError: a key has no levels, or a range that cannot be used.
    """
    name = f"{settings.prefix}.tune"
    if not settings.tune:
        if settings.tune_trials is not None:
            raise InputError(f"{name}_trials needs {name}={{key:[value,value,...]}}: the settings to tune.")
        return None
    if settings.block is not None or settings.design == PATH:
        other = "block" if settings.block is not None else f"design={PATH}"
        raise InputError(f"{name} cannot be combined with {settings.prefix}.{other}. Remove one of them.")
    if not isinstance(settings.tune, dict):
        raise InputError(
            f"{name}={settings.tune} must name keys and values, such as {name}={{optimizer.lr:[0.01,0.1]}}."
        )
    ranges = {key: _range(f"{name}.{key}", key, value) for key, value in settings.tune.items()}
    intervals = [key for key, values in ranges.items() if not isinstance(values, list)]
    if settings.tune_trials is None and intervals:
        raise InputError(f"{name}.{intervals[0]} is an interval: set {name}_trials, the number of random settings.")
    count = math.prod(len(values) for values in ranges.values() if isinstance(values, list))
    wanted = settings.tune_trials
    if (wanted or count) > MOST_SETTINGS:
        raise InputError(f"{name} has more than {MOST_SETTINGS:,} settings. Choose fewer levels, or {name}_trials.")
    seeds = list(dict.fromkeys(settings.tune_seeds))
    if not seeds:
        raise InputError(f"{name}_seeds is empty: name the seeds of the tuning runs.")
    is_random = wanted is not None and (bool(intervals) or wanted < count)
    tried = _drawn(name, ranges, wanted or 0) if is_random else _combinations(ranges)
    if len(tried) < 2:
        raise InputError(f"{name} has one setting, so that nothing is tuned. Name two or more values.")
    keys = {key: level_text(value) for key, value in settings.tune.items()}
    return TuningPlan(keys=keys, settings=tried, seeds=seeds, is_random=is_random)


def _range(name: str, key: str, value: Any) -> Any:
    """The levels of a key, or an interval of Hydra's."""
    if isinstance(value, list):
        levels = list(dict.fromkeys(map(level_text, value)))
    else:
        try:
            override = OverridesParser.create().parse_override(f"{key}={level_text(value)}")
        except HydraException:
            raise InputError(f"{name}={value} is neither a list of values nor an interval.") from None
        if override.is_sweep_override() and not override.is_discrete_sweep():
            interval: Any = override.value()
            if not interval.start < interval.end or ("log" in interval.tags and interval.start <= 0):
                raise InputError(f"{name}={value} is not an interval: it must rise, on a log scale from above 0.")
            if not float(interval.end) - float(interval.start) < math.inf:
                raise InputError(f"{name}={value} is not an interval: its ends must be finite numbers.")
            return interval
        values = override.sweep_string_iterator() if override.is_sweep_override() else iter(())
        levels = list(dict.fromkeys(itertools.islice(values, MOST_SETTINGS + 1)))
        if len(levels) > MOST_SETTINGS:
            raise InputError(f"{name}={value} has more than {MOST_SETTINGS:,} values. Choose fewer, or an interval.")
    if not levels:
        raise InputError(f"{name} has no values to try. Name two or more, such as {name}=[0.01,0.1].")
    return levels


def _combinations(ranges: Mapping[str, Sequence[str]]) -> list[Setting]:
    return [dict(zip(ranges, values, strict=True)) for values in itertools.product(*ranges.values())]


def _drawn(name: str, ranges: Mapping[str, Any], count: int) -> list[Setting]:
    """Random settings without repetition; always the same for the same ranges.

    Raises:
        InputError: the ranges have fewer settings.
    """
    generator = random.Random(0)
    drawn: dict[tuple[str, ...], Setting] = {}
    repeated = 0
    while len(drawn) < count:
        setting = format_levels({key: _draw(values, generator) for key, values in ranges.items()})
        words = tuple(setting.values())
        repeated = repeated + 1 if words in drawn else 0
        if repeated == MOST_DRAWS:
            raise InputError(
                f"{name}_trials={count}, but only {plural(len(drawn), 'different setting')} of {name} could be drawn."
                f" Choose wider intervals, or a smaller {name}_trials."
            )
        drawn.setdefault(words, {key: setting[key] for key in ranges})
    return list(drawn.values())


def _draw(values: Any, generator: random.Random) -> Any:
    """A level of a list, or a number of an interval, which is an integer if its ends are."""
    if isinstance(values, list):
        return generator.choice(values)
    low, high = values.start, values.end
    is_integer = isinstance(low, int) and isinstance(high, int)
    if "log" not in values.tags:
        return generator.randint(low, high) if is_integer else generator.uniform(low, high)
    if not is_integer:
        return math.exp(generator.uniform(math.log(low), math.log(high)))
    number = math.exp(generator.uniform(math.log(low - 0.5), math.log(high + 0.5)))  # the ends are as likely as others
    return min(max(round(number), low), high)


@dataclass(frozen=True)
class Phase:
    """Which runs of a study are composed.

    Attributes:
        tuning: how variants are tuned; None: they are not.
        chosen: {variant: setting} of the runs on the study's seeds; None: the runs of the tuning.
    """

    tuning: TuningPlan | None = None
    chosen: Mapping[str, Setting] | None = field(default_factory=dict)

    @property
    def is_tuning(self) -> bool:
        """Whether these are the runs of the tuning."""
        return self.chosen is None

    def planned(self, sweep: Sweep, replicates: list[Replicate], prefix: str) -> tuple[Sweep, list[Replicate]]:
        """The factors and seeds from which runs are composed, and the runs.

        Args:
            sweep: of the study.
            replicates: its runs.
            prefix: of its keys on the command line.

        Raises:
            InputError: a tuned key is a factor, or a seed is also one of the study.
        """
        if self.tuning is None:
            return sweep, replicates
        _check(self.tuning, sweep, prefix)
        first = self.tuning.settings[0]
        levels = {key: list(dict.fromkeys(one[key] for one in self.tuning.settings)) for key in first}
        whole = replace(sweep, factors={**sweep.factors, **levels})
        if self.chosen is not None:
            return whole, [one._replace(settings=self.chosen.get(one.variant, first)) for one in replicates]
        variants = [dict(one) for one in dict.fromkeys(tuple(one.factors.items()) for one in replicates)]
        baseline = {**variants[0], **first}
        tried = [{**variant, **setting} for variant in variants for setting in self.tuning.settings]
        seeds = tuple(self.tuning.seeds)
        runs = [Replicate(variant_name(one, baseline), one, seed) for one in tried for seed in seeds]
        return replace(whole, seeds=seeds), runs


NOT_TUNED = Phase()


def _check(tuning: TuningPlan, sweep: Sweep, prefix: str) -> None:
    """Raise InputError if a tuned key is a factor or the seed, or a tuning seed is one of the study's."""
    bundled = {word.partition("=")[0].lstrip("+~") for levels in sweep.bundles.values() for words in levels.values()
               for word in words}  # fmt: skip
    for key in tuning.keys:
        if key in sweep.factors or key in bundled:
            raise InputError(
                f"{prefix}.tune: {key} is a factor of this study, whose levels are compared. Remove one of the two."
            )
        if key == sweep.seed_key.lstrip("+") or key.split(".")[0] in FIXED:
            raise InputError(
                f"{prefix}.tune: {key} cannot be tuned. Name settings of the training, such as optimizer.lr."
            )
    if both := [seed for seed in tuning.seeds if seed in sweep.seeds]:
        raise InputError(
            f"{prefix}.tune_seeds: {first_few(both, 5)} {by_number(len(both), 'is', 'are')} also in"
            f" {sweep.seed_key.lstrip('+')}=..., but settings must be chosen on other seeds than the reported ones."
        )
