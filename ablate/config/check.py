"""Checks of a composed configuration before anything trains."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code
from ablate.config.field import ranges
from ablate.config.messages import NEAR
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean


@dataclass(frozen=True)
class Chosen:
    """What a configuration was composed from: the option of each group, and the words of the command line."""

    options: Mapping[str, Any] = field(default_factory=dict)
    words: Sequence[str] = ()

    @classmethod
    def of(cls, hydra: Any) -> "Chosen":
        """As Hydra's own settings have it."""
        return cls(hydra.runtime.choices, list(hydra.overrides.task))

    def preset(self, key: str) -> tuple[str, str] | None:
        """`experiment` or `study` and its name, if one was chosen and no word sets the key."""
        if any(word.lstrip("+").startswith(f"{key}=") for word in self.words):
            return None
        chosen = [(group, name) for group in ("experiment", "study") if (name := self.options.get(group))]
        return chosen[0] if chosen else None


def validate(config: DictConfig, chosen: Chosen | None = None) -> None:
    """Refuse, with the key, the value and what is allowed, a configuration that cannot be trained.

    `chosen` is what it was composed from, if that is known: a key of a preset is then said to be one.

    Raises:
        InputError: a key without a value, a value out of its range, or two that do not go together.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise InputError(f"{missing[0]} has no value; give it one with {missing[0]}=...")
    chosen = chosen or Chosen()
    _check_steps(config.get("augmentation") or {}, chosen)
    for key, section in _sections(config):
        _check_keys(key, section, chosen)
    for key, section in _sections(config):  # only now: a value out of its range is itself the thing to say
        _check_together(key, section)


def _check_steps(steps: Mapping[Any, Any], chosen: Chosen) -> None:
    """Refuse keys of a step that no chosen augmentation has."""
    for name, step in steps.items():
        if OmegaConf.is_dict(step) and "_target_" not in step:
            place = f"augmentation.{name}"
            _refuse_preset("augmentation", [f"{place}.{key}" for key in step], chosen, place)
            raise InputError(
                f"{place} has keys ({', '.join(map(str, step))}) but no step of that name was chosen: name an option"
                f" that has it, or take the keys away with '~{place}'."
            )


def _refuse_preset(group: str, keys: list[str], chosen: Chosen, step: str = "") -> None:
    """Refuse keys, all of a `step` if they are, that a preset sets for another option of the group, if it was one."""
    if not (keys := [key for key in keys if chosen.preset(key)]) or not (preset := chosen.preset(keys[0])):
        return
    kind, name = preset
    away = " ".join(f"'~{key}'" for key in ([step] if step else keys))
    advice = {
        "experiment": f"Say {away} too; in a study, set the keys of each option in a bundle, as study=full_marks does.",
        "study": f"Keep the option, or change a copy of conf/study/{name}.yaml in a folder of your own (--config-dir).",
    }
    raise InputError(
        f"{kind}={name} sets {', '.join(keys)}, which {group}={chosen.options.get(group)} does not have. {advice[kind]}"
    )


def _check_keys(key: str, section: DictConfig, chosen: Chosen) -> None:
    kind: Any = OmegaConf.get_type(section)
    prefix = f"{key}." if key else ""
    settings: Any = OmegaConf.to_container(section, resolve=True)
    known = [f.name for f in dataclasses.fields(kind)]
    target = str(settings.get("_target_", "ablate."))
    # A `_target_` of the user's own has keys of its own; one of ours has those it declares.
    extra = [f"{prefix}{name}" for name in settings if name not in known and target.startswith("ablate.")]
    if extra:
        _refuse_preset(key, extra, chosen)
        near = did_you_mean(extra[0], [f"{prefix}{name}" for name in known if name != "_target_"], NEAR)
        raise InputError(f"{extra[0]}: there is no such key.{near} `ablate train --cfg job` shows all.")
    if not user_code.find(target):
        raise InputError(
            f"{prefix}_target_={target}: there is no module {target.partition('.')[0]} here or among the installed "
            "packages. Write it to a file in the folder from which you train."
        )
    for name, allowed in ranges(kind).items():
        if name in settings and not allowed.accepts(settings[name]):  # `~key` leaves one out
            raise InputError(f"{prefix}{name}={settings[name]} is not allowed: it must be {allowed} ({allowed.doc}).")


def _check_together(key: str, section: DictConfig) -> None:
    check = getattr(OmegaConf.get_type(section), "check", None)
    if check:
        try:
            check(OmegaConf.to_object(section))
        except ValueError as error:
            raise InputError(f"{error}.") from None


def _sections(config: DictConfig, key: str = "") -> Iterator[tuple[str, DictConfig]]:
    """Every node that a dataclass of the schema describes, with its full key."""
    if dataclasses.is_dataclass(OmegaConf.get_type(config)):
        yield key, config
    for name in config:
        if OmegaConf.is_dict(config._get_node(name)):
            yield from _sections(config[name], f"{key}.{name!s}" if key else str(name))
