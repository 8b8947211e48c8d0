"""Hydra's own settings: those that are honored. Any other is refused before a run starts, never ignored."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ablate.config.check import Chosen, validate_sections
from ablate.config.flatten import flat
from ablate.config.folder import CONF
from ablate.terminal.errors import InputError

# Settings, and sections with all their settings, that a user may change.
HONORED = ("mode", "searchpath", "verbose", "run.dir", "sweep.dir", "launcher", "sweeper", "callbacks", "job.name",
           "job.config", "env", "help", "hydra_help", "hydra_logging", "job_logging.formatters",
           "job_logging.handlers.console", "job_logging.root.level", "job_logging.loggers")  # fmt: skip
# Values that Hydra computes; those of a user would be overwritten.
COMPUTED = ("overrides", "runtime", "job.override_dirname", "job.config_name", "job.id", "job.num", "defaults")
STUDY_ONLY = ("launcher", "sweeper", "sweep")
SWEEPERS = ("study", "plan", "optuna")
REASONS = {
    "job.chdir": "Relative paths, such as data.root, are those of the current folder.",
    "output_subdir": "A run records its configuration in .hydra/ in its folder.",
    "sweep.subdir": "A study names the folder of a run after its variant and seed.",
    "job_logging": "A run is logged to train.log in its folder; only hydra.job_logging.handlers.console, .formatters,"
    " .loggers and .root.level may be changed.",
    "job.env_set": "Set environment variables before the command: NAME=VALUE ablate train ...",
    "job.env_copy": "All runs of a study have the environment of its command.",
}


def check(hydra: DictConfig) -> None:
    """Check the section `hydra` of a composed configuration.

    Raises:
        InputError: a setting differs from its default and is not honored, applies to the other mode (a single run or a
            study), or a setting of the launcher or the sweeper is invalid.
    """
    words = _words(hydra)
    if computed := [key for key in words if _within(key, COMPUTED)]:
        raise InputError(f"{words[computed[0]]}: Hydra computes this value. Remove it.")
    _check_parts(hydra)
    settings, defaults = flat(hydra, resolve=False), _defaults()
    for key in sorted({*settings, *defaults}):
        value, default = settings.get(key), defaults.get(key)
        if not _within(key, (*HONORED, *COMPUTED)) and (value or None) != (default or None):
            reason = next((reason for section, reason in REASONS.items() if _within(key, (section,))), "Remove it.")
            raise InputError(f"hydra.{key}={_text(value)} is not supported. {reason}")
    _check_mode(hydra, words)
    for part in ("launcher", "sweeper"):
        validate_sections(hydra[part], f"hydra.{part}", Chosen.of(hydra))


def _check_parts(hydra: DictConfig) -> None:
    """Refuse a sweeper that is not of this package, and the removal of the callback that keeps finished runs."""
    sweepers = {_option("sweeper", name)["_target_"] for name in SWEEPERS}
    if OmegaConf.select(hydra, "sweeper._target_") not in sweepers:
        raise InputError(
            f"hydra/sweeper={hydra.runtime.choices.get('hydra/sweeper')} is not supported. Use hydra/sweeper=study, the"
            " default of `ablate train -m`, or hydra/sweeper=optuna for a search."
        )
    for name, callback in _option("callbacks", "ablate").items():
        if OmegaConf.select(hydra, f"callbacks.{name}._target_") != callback["_target_"]:
            raise InputError(
                f"hydra.callbacks.{name} protects finished runs and cannot be changed. Add your own callback with"
                " +hydra.callbacks.NAME._target_=..."
            )


def _check_mode(hydra: DictConfig, words: Mapping[str, str]) -> None:
    """Refuse settings on the command line that only the other mode reads, and a study folder that varies by run."""
    if hydra.mode != RunMode.MULTIRUN:
        if study := [word for key, word in words.items() if _within(key, STUDY_ONLY)]:
            raise InputError(f"{study[0]} applies only to a study. Add -m, or remove it.")
        return
    if "run.dir" in words:
        raise InputError(f"{words['run.dir']} is the folder of a single run. Set that of a study with hydra.sweep.dir.")
    sweep: Any = OmegaConf.to_container(hydra.sweep, resolve=False)
    if "hydra.job." in str(sweep["dir"]):
        raise InputError(
            f"hydra.sweep.dir={sweep['dir']} must be the same for all runs of a study, and"
            " hydra.job differs between them. Use ${study.name} or ${now:...}."
        )


def _words(hydra: DictConfig) -> dict[str, str]:
    """{key or group: override} of the command line's overrides of Hydra's settings, without the prefix `hydra`."""
    words: Any = OmegaConf.to_container(hydra.overrides.hydra, resolve=False)
    overrides = OverridesParser.create().parse_overrides(words)
    return {o.key_or_group.removeprefix("hydra").lstrip("./"): str(o.input_line) for o in overrides}


def _within(key: str, sections: tuple[str, ...]) -> bool:
    """True if a key is one of these settings or sections, or in one of these sections."""
    return any(f"{key}.".startswith(f"{section}.") for section in sections)


def _text(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@cache
def _defaults() -> dict[str, Any]:
    """The default of each setting, with dotted keys."""
    ours: Any = OmegaConf.load(CONF / "config.yaml")
    others = {"job_logging": _option("job_logging", "ablate"), "sweep": {"subdir": "${hydra.job.num}"}}
    merged: Any = OmegaConf.merge(OmegaConf.structured(HydraConf), ours.hydra, others)
    return {key: value for key, value in flat(merged, resolve=False).items() if value != "???"}


def _option(group: str, name: str) -> Any:
    return OmegaConf.to_container(OmegaConf.load(CONF / "hydra" / group / f"{name}.yaml"))
