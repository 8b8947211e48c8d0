"""Generate two pages of the reference: `python -m docs.reference.generate`, called by `make docs`.

`configuration.md` lists every key of `ablate.config.schema` and every option of `conf/`. `commands.md` contains the
output of `--help` for each command.
"""

import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ablate import cli
from ablate.config import CONF, schema
from ablate.config.field import Allowed
from ablate.config.schema.option import Option
from ablate.files.atomic import write_text

HERE = Path(__file__).parent
GROUPS = [field.name for field in dataclasses.fields(schema.Config) if (CONF / field.name).is_dir()]
PRESETS = {"study": "Presets for `ablate train study=NAME`.", "experiment": "Presets for `experiment=NAME`."}
INTERNAL = ("help", "job_logging", "hydra_logging")  # Hydra's groups with a single choice
WORDS = {int: "integer", float: "number", bool: "true or false", str: "text", Any: "any value"}


@dataclass(frozen=True)
class Key:
    """A key as the schema describes it, and what each option of its group sets it to."""

    name: str
    kind: str
    allowed: Allowed
    defaults: dict[str, Any] = dataclasses.field(compare=False, default_factory=dict)


def configuration() -> str:
    """The page of all keys, groups and presets, in Markdown."""
    parts = [
        "# Configuration\n\nAll keys of `ablate train` and `ablate plan`. Set a key with `key=value`, and select an "
        "option with `group=option`. In a study, both accept a list of values.",
        "## Top-level keys\n\n" + _table(top_level(), {""}),
        *(_group(group) for group in GROUPS if group != "study"),
        *(_presets(group, text) for group, text in PRESETS.items()),
        *(_files(folder) for folder in sorted(CONF.iterdir()) if folder.is_dir() and folder.name not in _DESCRIBED),
        *(_files(f) for f in sorted((CONF / "hydra").iterdir()) if f.is_dir() and f.name not in INTERNAL),
    ]
    return "\n\n".join(parts) + "\n"


_DESCRIBED = {*GROUPS, *PRESETS, "hydra"}


def top_level() -> list[Key]:
    """The keys that belong to no group: `seed` and those of `study`."""
    values = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml"))
    return [*_keys(schema.Config, "", "", values), *_keys(schema.StudySettings, "study.", "", values["study"])]


def group_keys(group: str) -> list[Key]:
    """The keys of a group's options, each once, with its default in every option that has it."""
    return _merged(
        key
        for path in sorted((CONF / group).glob("*.yaml"))
        for kind, prefix, values in _nodes(path)
        for key in _keys(kind, f"{group}.{prefix}", path.stem, values)
    )


def _merged(keys: Iterable[Key]) -> list[Key]:
    """Each key once, with the defaults of all that are the same."""
    merged: dict[Key, Key] = {}
    for key in keys:
        merged.setdefault(key, key).defaults.update(key.defaults)
    return list(merged.values())


def _nodes(path: Path) -> Iterator[tuple[type, str, dict[str, Any]]]:
    """(its dataclass, its place in the group, its values) of each part of an option file that the schema describes."""
    content = OmegaConf.to_container(OmegaConf.load(path)) or {}
    for entry in content.get("defaults", []):
        if match := re.fullmatch(r"/hydra/schema/(\w+)@(\w+)", str(entry)):
            name, package = match.groups()
            here = package == "_here_"
            yield schema.nodes()[name], "" if here else f"{package}.", content if here else content[package]


def _keys(kind: type, prefix: str, option: str, values: dict[str, Any]) -> Iterator[Key]:
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "allowed" in field.metadata:
            default = {option: values[field.name]}
            yield Key(prefix + field.name, type_in_words(hints[field.name]), field.metadata["allowed"], default)


def type_in_words(hint: Any) -> str:
    """A type of the schema as a reader calls it: `list of numbers, or null`."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if set(inner) == {int, float}:
            return type_in_words(float)
        (kind,) = (part for part in inner if part is not type(None))
        return f"{type_in_words(kind)}, or null"
    if origin is list:
        return f"list of {_plural(type_in_words(inner[0]))}"
    if origin is dict:
        return f"mapping to {_plural(type_in_words(inner[1]))}"
    return WORDS[hint]


def _plural(words: str) -> str:
    head, _, rest = words.partition(" ")
    return f"{head if head in ('text', 'any') else head + 's'}{' ' + rest if rest else ''}"


def _group(group: str) -> str:
    """The section of a group: its description, options and keys."""
    files = sorted((CONF / group).glob("*.yaml"))
    first = next(kind for path in files for kind, _, _ in _nodes(path))
    base = next((kind for kind in reversed(first.__mro__) if Option in kind.__mro__[1:]), first)
    parts = [f"## {group}", (base.__doc__ or "").splitlines()[0] if base.__doc__ else ""]
    if len(files) > 1:
        rows = [f"| `{group}={path.stem}` | {_cell(_remark(path))} |" for path in files]
        parts.append("\n".join(["| option | description |", "|---|---|", *rows]))
    if keys := group_keys(group):
        parts.append(_table(keys, {path.stem for path in files}))
    return "\n\n".join(part for part in parts if part)


def _remark(path: Path) -> str:
    """The comment at the start of an option file, which describes the option."""
    first = itertools.takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line[1:].strip() for line in first if "@package" not in line)


def _table(keys: list[Key], options: set[str]) -> str:
    """One row per key. Each name is a link anchor, such as `#optimizer-lr`."""
    rows = ["| key | meaning | type | allowed | default |", "|---|---|---|---|---|"]
    names: set[str] = set()
    for key in keys:
        kind = f"{key.kind} ({key.allowed.unit})" if key.allowed.unit else key.kind
        name = f"`{key.name}`" + ("" if key.name in names else f"{{ #{key.name.replace('.', '-')} }}")
        names.add(key.name)
        cells = (name, key.allowed.doc, kind, str(key.allowed), _defaults(key.defaults, options))
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows)


def _defaults(defaults: dict[str, Any], options: set[str]) -> str:
    """The default; by option, where they differ or not all have the key."""
    by_value: dict[str, list[str]] = {}
    for option, value in defaults.items():
        by_value.setdefault(_value(value), []).append(option)
    if len(by_value) == 1 and set(defaults) == options:
        return next(iter(by_value))
    return "; ".join(f"{value} in {', '.join(names)}" for value, names in by_value.items())


def _value(value: Any) -> str:
    if value == "???":
        return "required"
    if value is None or isinstance(value, bool):
        return f"`{json.dumps(value)}`"  # as YAML writes them
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _presets(group: str, text: str) -> str:
    rows = [f"| `{group}={path.stem}` | {_cell(_remark(path))} |" for path in sorted((CONF / group).glob("*.yaml"))]
    return "\n".join([f"## Presets of {group}\n\n{text}\n", "| preset | description |", "|---|---|", *rows])


def _files(folder: Path) -> str:
    """The section of a folder of option files that is not a group of a run: keys from the schema, else the files."""
    name = folder.relative_to(CONF).as_posix()
    if kind := schema.nodes().get(name.capitalize()):
        files = {path.stem: OmegaConf.to_container(OmegaConf.load(path)) for path in sorted(folder.glob("*.yaml"))}
        keys = _merged(key for option, values in files.items() for key in _keys(kind, "", option, values))
        return f"## {name}\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n{_table(keys, set(files))}"
    paths = sorted(folder.glob("*.yaml"))
    if keys := _merged(
        key
        for path in paths
        for kind, prefix, values in _nodes(path)
        for key in _keys(kind, f"{name.replace('/', '.')}.{prefix}", path.stem, values)
    ):
        rows = [f"| `{name}={path.stem}` | {_cell(_remark(path))} |" for path in paths]
        options = "\n".join(["| option | description |", "|---|---|", *rows])
        return f"## {name}\n\n{options}\n\n{_table(keys, {path.stem for path in paths})}"
    shown = [f"`{name}={p.stem}`\n\n```yaml\n{p.read_text(encoding='utf-8').strip()}\n```" for p in paths]
    return "\n\n".join([f"## {name}", *shown])


def commands() -> str:
    """The page of all commands, in Markdown: the help of each one."""
    parts = [f"# Commands\n\n```text\n{cli.usage()}\n```"]
    for verb, command in cli.VERBS.items():
        parts.append(f"## ablate {verb}\n\n{command.__doc__}\n\n```text\n{helped(verb)}\n```")
    return "\n\n".join(parts) + "\n"


def helped(verb: str) -> str:
    """The output of `ablate VERB --help`."""
    settings = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "ablate.cli", verb, "--help"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=settings).stdout.strip()


if __name__ == "__main__":
    write_text(HERE / "configuration.md", configuration())
    write_text(HERE / "commands.md", commands())
