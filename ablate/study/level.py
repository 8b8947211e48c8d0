"""A level of a factor: the text in an override, and the value that YAML reads from it."""

from typing import Any

from omegaconf import OmegaConf
from yaml import YAMLError


def level_text(value: Any) -> str:
    """Write a value that was read from YAML as in an override."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ",".join(f"{level_text(name)}:{level_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(level_text, value)) + "]"
    return str(value)


def same_level(one: Any, other: Any) -> bool:
    """True if two levels, as text or as values that were read from YAML, have the same value: 1e-3 and 0.001."""
    return bool(_value(one) == _value(other))


def _value(level: Any) -> Any:
    """The value of a level, in a form in which 1 equals 1.0 but not true."""
    if isinstance(level, str):
        level = _parsed(level)
    if isinstance(level, list):
        return [_value(item) for item in level]
    if isinstance(level, (int, float)) and not isinstance(level, bool):
        return float(level)
    return level if isinstance(level, (str, dict)) else str(level)


def _parsed(text: str) -> Any:
    try:
        return OmegaConf.to_container(OmegaConf.create(f"- {text}"))[0]  # type: ignore[index]
    except (YAMLError, ValueError, IndexError):  # text that only Hydra can parse
        return text
