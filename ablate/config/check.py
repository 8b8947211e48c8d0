"""Checks of a composed configuration, before training."""

import dataclasses
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config import user_code
from ablate.config.field import ranges
from ablate.config.folder import CONF
from ablate.config.section_cache import SectionCache
from ablate.config.suggestion import suggestion
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

OURS = ("ablate.", "hydra_plugins.ablate_study.")  # targets of this package


@dataclass(frozen=True)
class Chosen:
    """What a configuration was composed from.

    Attributes:
        options: the option chosen for each group.
        words: the overrides on the command line.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    words: Sequence[str] = ()

    @classmethod
    def of(cls, hydra: Any) -> "Chosen":
        """Read it from Hydra's settings."""
        return cls(hydra.runtime.choices, list(hydra.overrides.task))

    def preset(self, key: str) -> tuple[str, str] | None:
        """Return kind (`experiment` or `study`) and name of the chosen preset; None if an override sets `key`."""
        if any(word.lstrip("+").startswith(f"{key}=") for word in self.words):
            return None
        chosen = [(group, name) for group in ("experiment", "study") if (name := self.options.get(group))]
        return chosen[0] if chosen else None


def validate(config: DictConfig, chosen: Chosen | None = None, cache: SectionCache | None = None) -> None:
    """Check a configuration, and allow the user's modules that it names to be imported from the current folder.

    Args:
        config: the composed configuration.
        chosen: what it was composed from, if known, to attribute keys to a preset in messages.
        cache: reads its values; a section that it shares is checked once.

    Raises:
        InputError: a key has no value, is unknown or out of range, or two settings contradict each other. The message
            names the key, the value and the valid values.
    """
    chosen = chosen or Chosen()
    _check_choices(config, chosen)
    _check_steps(config.get("augmentation") or {}, chosen)
    validate_sections(config, "", chosen, cache)


def validate_sections(config: DictConfig, key: str, chosen: Chosen, cache: SectionCache | None = None) -> None:
    """Check the part of a configuration that has this key, as `validate` does."""
    cache = cache or SectionCache()
    settings = _settings(config, cache)
    sections = list(_sections(config, settings, key, cache.checked))
    for name, section, values in sections:
        _check_keys(name, section, values, chosen)
    user_code.make_importable(settings)
    for name, section, _ in sections:  # last, since a value out of range has the clearer message
        _check_together(name, section, cache)
    cache.checked.update(id(node) for name in config if id(node := config._get_node(name)) in cache.kept)


def _settings(config: DictConfig, cache: SectionCache) -> dict[Any, Any]:
    """The configuration as plain values; InputError if a key has none."""
    try:
        return cache.values(config)
    except OmegaConfBaseException:  # of a missing value, or of an interpolation with it
        if missing := sorted(OmegaConf.missing_keys(config)):
            raise InputError(f"{missing[0]} has no value. Set it: {missing[0]}=...") from None
        raise


def _check_choices(config: DictConfig, chosen: Chosen) -> None:
    """Raise InputError if several options were chosen for a group, which would be merged into one."""
    lists = [word for word in chosen.words if re.match(r"\+*\w+=\[", word)]
    lists += [f"{group}={option}" for group, option in chosen.options.items() if str(option).startswith("[")]
    for word in lists:
        group = word.lstrip("+").partition("=")[0]
        if group in config and group != "augmentation" and OmegaConf.is_dict(config._get_node(group)):
            raise InputError(
                f"{word}: only augmentation accepts a list of options. In a study (-m), write the levels without []."
            )


def _check_steps(steps: Mapping[Any, Any], chosen: Chosen) -> None:
    """Raise InputError for keys of an augmentation step that was not chosen."""
    for name, step in steps.items():
        if OmegaConf.is_dict(step) and "_target_" not in step:
            prefix = f"augmentation.{name}"
            _refuse_preset("augmentation", [f"{prefix}.{key}" for key in step], chosen, prefix)
            raise InputError(
                f"{prefix} has keys ({', '.join(map(str, step))}) but is not a step of the chosen augmentation. Choose"
                f" an option with this step, or remove the keys with '~{prefix}'."
            )


def _refuse_preset(group: str, keys: list[str], chosen: Chosen, step: str = "", known: Iterable[str] = ()) -> None:
    """Raise InputError if a preset sets keys that the chosen option of the group does not have.

    Args:
        group: the group.
        keys: unknown keys of its option.
        chosen: what the configuration was composed from.
        step: the augmentation step of all these keys, if they belong to one.
        known: keys that the option has.
    """
    if not (keys := [key for key in keys if chosen.preset(key)]) or not (preset := chosen.preset(keys[0])):
        return
    kind, name = preset
    is_ours = (CONF / kind / f"{name}.yaml").exists()
    file = f"a copy of conf/{kind}/{name}.yaml" if is_ours else f"{kind}/{name}.yaml"
    removals = " ".join(f"'~{key}'" for key in ([step] if step else keys))
    advice = {
        "experiment": f"Add {removals}; in a study, set the keys of each option in a bundle, as study=full_marks does.",
        "study": f"Keep the option, or edit {file} in your own folder (--config-dir).",
    }
    near = did_you_mean(keys[0], known, 0.85)
    raise InputError(
        f"{kind}={name} sets {', '.join(keys)}, which {group}={chosen.options.get(group)} does not have."
        f"{near} {advice[kind]}"
    )


def _check_keys(key: str, section: DictConfig, settings: Mapping[Any, Any], chosen: Chosen) -> None:
    """Raise InputError for a key of a section that is unknown or out of range; `settings` are its values."""
    kind: Any = OmegaConf.get_type(section)
    prefix = f"{key}." if key else ""
    known = [f.name for f in dataclasses.fields(kind)]
    target = str(settings.get("_target_", "ablate."))
    # User code may have any keys, an option of this package only those it declares.
    extra = [f"{prefix}{name}" for name in settings if name not in known and target.startswith(OURS)]
    if extra:
        _refuse_preset(key, extra, chosen, known=[f"{prefix}{name}" for name in known])
        raise InputError(f"{extra[0]}: there is no such key.{suggestion(extra[0], known)}")
    if not user_code.find(target):
        raise InputError(
            f"{prefix}_target_={target}: there is no module {target.partition('.')[0]} in the current folder or "
            "among the installed packages."
        )
    for name, allowed in ranges(kind).items():
        if name in settings and not allowed.accepts(settings[name]):  # `~key` removes a key
            bounds = str(allowed) or "finite"
            raise InputError(f"{prefix}{name}={settings[name]} is not allowed: it must be {bounds} ({allowed.doc}).")


def _check_together(key: str, section: DictConfig, cache: SectionCache) -> None:
    check = getattr(OmegaConf.get_type(section), "check", None)
    if check:
        try:
            check(cache.object(section))
        except ValueError as error:
            raise InputError(f"{error}.") from None


def _sections(
    config: DictConfig, settings: Mapping[Any, Any], key: str, checked: Container[int]
) -> Iterator[tuple[str, DictConfig, Mapping[Any, Any]]]:
    """Yield every node with a dataclass in the schema, without those `checked`: full key, node, and plain values."""
    if dataclasses.is_dataclass(OmegaConf.get_type(config)):
        yield key, config, settings
    for name, values in settings.items():
        node = config[name] if isinstance(values, dict) else None
        if isinstance(node, DictConfig) and id(node) not in checked:
            yield from _sections(node, values, f"{key}.{name!s}" if key else str(name), checked)
