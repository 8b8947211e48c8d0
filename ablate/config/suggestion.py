"""Suggestions for a mistyped key, as a sentence for its error message."""

import dataclasses
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ablate.config import schema
from ablate.config.folder import CONF
from ablate.terminal.text import did_you_mean, first_few

NEAR = 0.6  # least similarity of two names, without their group
# Folders of `conf/` that are not part of a training configuration -> the command that reads them.
ELSEWHERE = {"rubric": "ablate test --rubric NAME", "submission": "ablate submit --submission NAME"}
ADVICE = {
    "hydra.launcher.wait": " Other launchers have no queue that outlives the command: use tmux or nohup, or"
    " on a Ray cluster with `ray job submit --no-wait -- ablate train ...`."
}


def suggestion(key: str, siblings: Iterable[str]) -> str:
    """Suggest a key for one that does not exist, or list the keys of its section.

    Args:
        key: the unknown key, such as `data.batch_size`.
        siblings: the keys of its section, without the section's name.

    Returns:
        One or two sentences, with a leading space: the option that has this key, else a similar key of the section,
        else where arguments of a library's model are passed, else keys of the same name elsewhere, else the keys of the
        section.
    """
    section, _, name = key.rpartition(".")
    names = [sibling for sibling in siblings if sibling != "_target_"]
    if options := _options_with(key):
        return f" It is a key of {section.replace('.', '/')}={first_few(options, 3)}.{ADVICE.get(key, '')}"
    if near := did_you_mean(name, names, NEAR, prefix=f"{section}." if section else ""):
        return near
    if "options" in names:  # of a model of another library, which may well have this argument
        return f" An argument of the model itself is {section}.options={{{name}: ...}}."
    if same := [known for known in known_keys() if known.rpartition(".")[2] == name and known != key]:
        return f" Did you mean {' or '.join(same[:3])}?"
    if near := did_you_mean(key, [known for known in known_keys() if known != key], 0.8):
        return near
    if not names:
        return f" {section} has no keys." if section else ""
    return f" Keys of {section}: {', '.join(names)}." if section else f" Keys: {', '.join(names)}."


def _options_with(key: str) -> list[str]:
    """The options of the key's group that have it; `hydra.launcher` is the group `hydra/launcher`."""
    group, _, name = key.rpartition(".") if key.startswith("hydra.") else key.partition(".")
    paths = (CONF / group.replace(".", "/")).glob("*.yaml")
    return sorted(path.stem for path in paths if name in _load(path)) if name else []


@cache
def known_keys() -> list[str]:
    """All keys in the option files, such as `optimizer.lr`, `augmentation.cutout.size` and `seed`."""
    keys = {field.name for field in dataclasses.fields(schema.Config)}
    for path in CONF.glob("*/*.yaml"):
        if path.parent.name not in ("study", "experiment", "hydra", *ELSEWHERE):
            keys.update(_dotted(_load(path), path.parent.name))
    return sorted(keys | {f"study.{field.name}" for field in dataclasses.fields(schema.StudySettings)})


@cache
def _load(path: Path) -> dict[Any, Any]:
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    return content if isinstance(content, dict) else {}


def _dotted(options: dict[Any, Any], prefix: str) -> Iterator[str]:
    for name, value in options.items():
        if name not in ("defaults", "_target_"):
            yield f"{prefix}.{name}"
            if isinstance(value, dict):
                yield from _dotted(value, f"{prefix}.{name}")
