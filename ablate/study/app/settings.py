"""The keys under `hydra.sweeper` of a study of any Hydra app."""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec

from ablate.runs import json_file
from ablate.runs.metric import Metric, named
from ablate.runs.valid_names import is_name
from ablate.study.design import DESIGNS
from ablate.study.fractions import FRACTIONS
from ablate.study.path import PATH
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

OBJECTIVE = "objective"  # the metric of an app whose main function returns one number


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a study.

    Attributes:
        name: of the study, which is kept in `outputs/NAME`; null: Hydra's own sweep folder.
        design, draws, draw_seed, resolution, foldover, block, bundles, stages, exclude, tune, tune_trials,
            tune_seeds: as in `study` of `ablate train`.
        metric: name of the metric, or {name, direction, unit, scale, chance}; null: the number that main returns.
        secondary: names of further metrics, which are reported as exploratory.
        margin: equivalence margin, in the metric's unit; null: no equivalence test.
        seed_key: key of the replicate in the app's configuration.
        ignore: keys (or groups) that do not belong to a run's identity, such as paths and loggers.
        keep: globs of checkpoints, for which the folder of an interrupted run is kept, so that the app can resume.
        best: read `metrics.csv` at the epoch that is best by the metric instead of the last.
        extend, retrain: as `ablate train --extend` and `--retrain`.
        dry_run: list the runs without starting them.
        params: overrides from a file, {key: value}.
    """

    prefix: ClassVar[str] = "hydra.sweeper"  # of its keys on the command line

    name: str | None = None
    design: str = "factorial"
    draws: Annotated[int, msgspec.Meta(ge=1)] | None = None
    draw_seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    block: str | None = None
    resolution: Annotated[int, msgspec.Meta(ge=3, le=5)] | None = None
    foldover: str | None = None
    bundles: dict[str, dict[str, list[str]]] = {}
    stages: list[int] = []
    exclude: list[dict[str, Any]] = []
    tune: dict[str, Any] | None = None
    tune_trials: Annotated[int, msgspec.Meta(ge=2)] | None = None
    tune_seeds: list[Annotated[int, msgspec.Meta(ge=0)]] = msgspec.field(default_factory=lambda: [1000, 1001])
    metric: str | dict[str, Any] | None = None
    secondary: list[str] = []
    margin: Annotated[float, msgspec.Meta(gt=0)] | None = None
    seed_key: str = "seed"
    ignore: list[str] = []
    keep: list[str] = []
    best: bool = False
    extend: bool = False
    retrain: bool = False
    dry_run: bool = False
    params: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Refuse an unknown design, a name that is not a folder name, and draws without the random design."""
        if self.design not in (*DESIGNS, *FRACTIONS, PATH):
            raise ValueError(f"design={self.design} is unknown; designs: {', '.join((*DESIGNS, *FRACTIONS, PATH))}")
        if self.name is not None and (not is_name(self.name) or "/" in self.name or self.name.startswith(".")):
            raise ValueError(f"name={self.name!r:.80} must be a folder name, such as norm_study")
        self.as_metric()
        if (self.design == "random") != (self.draws is not None):
            raise ValueError("draws=N, the number of variants, is required for design=random and invalid for others")

    @property
    def states_direction(self) -> bool:
        """Whether the user has stated which values of the metric are better."""
        return isinstance(self.metric, dict) and self.metric.get("direction") is not None

    def as_metric(self) -> Metric:
        """The metric that the runs are compared in."""
        fields: dict[str, Any] = self.metric if isinstance(self.metric, dict) else {"name": self.metric or OBJECTIVE}
        optional = {key: fields.get(key) for key in ("direction", "unit", "scale", "chance")}
        if "name" not in fields or fields.keys() - {"name", *optional}:
            raise ValueError(
                "metric must be a name, or {name: ..., direction: min, unit: ..., scale: ..., chance: ...}"
            )
        if optional["direction"] not in (None, "max", "min"):
            raise ValueError(f"metric.direction={optional['direction']} must be max or min")
        return named(str(fields["name"]), **optional, margin=self.margin)


class LocalLauncher(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of `hydra/launcher=ablate_local`.

    Attributes:
        jobs_at_once, jobs_per_gpu: see `ablate.study.launcher.local`.
        own_app: false: the jobs are not runs of `ablate train`, whose workers share the images.
    """

    jobs_at_once: Annotated[int, msgspec.Meta(ge=1)] | None = None
    jobs_per_gpu: Annotated[int, msgspec.Meta(ge=1)] = 1
    own_app: Literal[False] = False


def _in_words(kinds: re.Match[str]) -> str:
    """Types of JSON, as msgspec names them, in words: `str | null` as `text or null`."""
    return " or ".join(json_file.KINDS.get(kind, kind) for kind in kinds[1].split(" | "))


Kind = TypeVar("Kind", bound=msgspec.Struct)


def read(values: dict[str, Any]) -> Settings:
    """Check the settings in an app's command; an InputError names the key."""
    return _checked(values, Settings, "hydra.sweeper")


def check_launcher(values: dict[str, Any]) -> None:
    """Raise InputError that names the key if a setting of `hydra/launcher=ablate_local` is not valid."""
    _checked(values, LocalLauncher, "hydra.launcher")


def check_other_launcher(values: dict[str, Any], launcher: Callable[..., Any]) -> None:
    """Raise InputError that names the key if a launcher of another package has no such setting."""
    parameters = inspect.signature(launcher).parameters.values()
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        check_names(values, [one.name for one in parameters if one.kind is not one.VAR_POSITIONAL], "hydra.launcher")


def check_names(names: Iterable[str], known: Sequence[str], section: str) -> None:
    """Raise InputError for the first key of a section, except `_target_`, that is not known."""
    if wrong := next((name for name in names if name not in (*known, "_target_")), None):
        keys = f"Keys: {', '.join(known)}." if known else "The chosen option has no keys."
        raise InputError(f"{section}.{wrong}: no such key.{did_you_mean(wrong, known)} {keys}")


def _checked(values: dict[str, Any], kind: type[Kind], section: str) -> Kind:
    """The keys of a section, except `_target_`, as a record; an InputError names an invalid key."""
    known = [field.name for field in msgspec.structs.fields(kind)]
    content = {name: value for name, value in values.items() if name != "_target_"}
    check_names(content, known, section)
    try:
        return msgspec.convert(content, kind)
    except (ValueError, TypeError, msgspec.ValidationError) as error:  # the last is a ValueError since msgspec 0.21
        text = re.sub(r"`([a-z| ]+)`", _in_words, str(error))
        message, _, place = text.partition(" - at `$")
        key = f"{section}{place.rstrip('`')}" if place else section
        raise InputError(f"{key}: {message[:1].lower()}{message[1:]}.") from None
