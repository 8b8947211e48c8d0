"""Generate two pages of the reference: `python -m docs.reference.generate`, called by `make docs`.

`configuration.md` lists every key of `ablate.config.schema` and every option of `conf/`. `commands.md` holds the
`--help` of each command.
"""

import dataclasses
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

from hydra.utils import get_object
from omegaconf import OmegaConf

from ablate import cli
from ablate.config import CONF, schema
from ablate.config.field import Allowed
from ablate.config.schema.option import Option
from ablate.files.atomic import write_text

HERE = Path(__file__).parent
GROUPS = [field.name for field in dataclasses.fields(schema.Config) if (CONF / field.name).is_dir()]
PRESETS = {
    "study": "Studies saved in files: `ablate train study=NAME`.",
    "experiment": "Settings of one run saved in a file: `ablate train experiment=NAME`.",
}
INTERNAL = ("help", "job_logging", "hydra_logging")  # groups of Hydra that users do not select from
WORDS = {int: "integer", float: "number", bool: "true or false", str: "text", Any: "any value"}


@dataclass(frozen=True)
class Key:
    """A key of the configuration.

    Attributes:
        name: Dotted name, such as `optimizer.lr`.
        kind: Its type, in words.
        allowed: Its meaning, unit and range.
        defaults: {option of its group: default}.
    """

    name: str
    kind: str
    allowed: Allowed
    defaults: dict[str, Any] = dataclasses.field(compare=False, default_factory=dict)


def configuration() -> str:
    """Write the page of all keys, options and presets, in Markdown."""
    parts = [
        "# Configuration\n\nEvery key of `ablate train` and `ablate plan`, from the schema that validates them. "
        "`key=value` sets a key, `group=option` selects an option. In a study, either takes a list of values.",
        "## Top level\n\n" + _table(top_level(), {""}),
        *(_group(group) for group in GROUPS if group != "study"),
        *(_presets(group, text) for group, text in PRESETS.items()),
        *(_files(folder) for folder in sorted(CONF.iterdir()) if folder.is_dir() and folder.name not in _DESCRIBED),
        *(_files(f) for f in sorted((CONF / "hydra").iterdir()) if f.is_dir() and f.name not in INTERNAL),
    ]
    return "\n\n".join(parts) + "\n"


_DESCRIBED = {*GROUPS, *PRESETS, "hydra"}


def top_level() -> list[Key]:
    """The keys outside the groups: `seed` and those of `study`."""
    values = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml"))
    return [*_keys(schema.Config, "", "", values), *_keys(schema.Study, "study.", "", values["study"])]


def group_keys(group: str) -> list[Key]:
    """The keys of a group, each once, with its defaults in the options that have it."""
    return _merged(
        key
        for path in sorted((CONF / group).glob("*.yaml"))
        for kind, prefix, values in _nodes(path)
        for key in _keys(kind, f"{group}.{prefix}", path.stem, values)
    )


def _merged(keys: Iterable[Key]) -> list[Key]:
    """Merge equal keys and their defaults."""
    merged: dict[Key, Key] = {}
    for key in keys:
        merged.setdefault(key, key).defaults.update(key.defaults)
    return list(merged.values())


def _nodes(path: Path) -> Iterator[tuple[type, str, dict[str, Any]]]:
    """(dataclass, prefix of its keys in the group, values) for each node of an option file that has a schema."""
    content = OmegaConf.to_container(OmegaConf.load(path)) or {}
    for entry in content.get("defaults", []):
        if match := re.fullmatch(r"/hydra/schema/(\w+)@(\w+)", str(entry)):
            name, package = match.groups()
            is_root = package == "_here_"
            yield schema.nodes()[name], "" if is_root else f"{package}.", content if is_root else content[package]


def _keys(kind: type, prefix: str, option: str, values: dict[str, Any]) -> Iterator[Key]:
    """The keys of a dataclass, with an option's values as defaults."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "allowed" in field.metadata:
            default = {option: values[field.name]}
            yield Key(prefix + field.name, type_in_words(hints[field.name]), field.metadata["allowed"], default)


def type_in_words(hint: Any) -> str:
    """Describe a type of the schema in words: `list of numbers, or null`."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (kind,) = (part for part in inner if part is not type(None))
        return f"{type_in_words(kind)}, or null"
    if origin is list:
        return f"list of {_plural(type_in_words(inner[0]))}"
    if origin is dict:
        return f"mapping to {_plural(type_in_words(inner[1]))}"
    return WORDS[hint]


def _plural(words: str) -> str:
    """The plural of a type in words: `integers`, `lists of numbers`."""
    head, _, rest = words.partition(" ")
    return f"{head if head in ('text', 'any') else head + 's'}{' ' + rest if rest else ''}"


def _group(group: str) -> str:
    """The section of a group: its description, options and keys."""
    files = sorted((CONF / group).glob("*.yaml"))
    first = next(kind for path in files for kind, _, _ in _nodes(path))
    base = next((kind for kind in reversed(first.__mro__) if Option in kind.__mro__[1:]), first)
    parts = [f"## {group}", (base.__doc__ or "").splitlines()[0] if base.__doc__ else ""]
    if len(files) > 1:
        rows = [f"| `{group}={path.stem}` | {_cell(_description(path))} |" for path in files]
        parts.append("\n".join(["| option | |", "|---|---|", *rows]))
    if keys := group_keys(group):
        parts.append(_table(keys, {path.stem for path in files}))
    return "\n\n".join(part for part in parts if part)


def _description(path: Path) -> str:
    """Describe an option: first paragraph of the docstring of its `_target_`, its steps, and the file's comment."""
    content = OmegaConf.to_container(OmegaConf.load(path)) or {}
    docstrings = []
    for node in (content, *content.values()):
        if isinstance(node, dict) and "_target_" in node:
            docstrings.append(" ".join((get_object(node["_target_"]).__doc__ or "").split("\n\n")[0].split()))
    steps = [entry for entry in content.get("defaults", []) if not str(entry).startswith("/")]
    return " ".join(
        part for part in [*docstrings, ", then ".join(f"`{step}`" for step in steps), _remark(path)] if part
    )


def _remark(path: Path) -> str:
    """The comment at the start of an option file."""
    lines = path.read_text().splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#") and "@package" not in line]
    return " ".join(comments)


def _table(keys: list[Key], options: set[str]) -> str:
    """A table with one row per key. Each name is an anchor, such as `#optimizer-lr`."""
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
    """The default of a key; if it depends on the option, each default with its options."""
    by_value: dict[str, list[str]] = {}
    for option, value in defaults.items():
        by_value.setdefault(_value(value), []).append(option)
    if len(by_value) == 1 and set(defaults) == options:
        return next(iter(by_value))
    return "; ".join(f"{value} in {', '.join(names)}" for value, names in by_value.items())


def _value(value: Any) -> str:
    """Format a default value as Markdown."""
    if value == "???":
        return "required"
    if value is None or isinstance(value, bool):
        return f"`{json.dumps(value)}`"  # as in YAML
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    """Escape text for a cell of a Markdown table."""
    return text.replace("|", "\\|")


def _presets(group: str, text: str) -> str:
    """The section of the presets of a group, each with the comment of its file."""
    rows = [f"| `{group}={path.stem}` | {_cell(_remark(path))} |" for path in sorted((CONF / group).glob("*.yaml"))]
    return "\n".join([f"## Presets: {group}\n\n{text}\n", "| preset | |", "|---|---|", *rows])


def _files(folder: Path) -> str:
    """The section of another folder of `conf/`: its keys if it has a schema, else the content of its files."""
    name = folder.relative_to(CONF).as_posix()
    if kind := schema.nodes().get(name.capitalize()):
        files = {path.stem: OmegaConf.to_container(OmegaConf.load(path)) for path in sorted(folder.glob("*.yaml"))}
        keys = _merged(key for option, values in files.items() for key in _keys(kind, "", option, values))
        return f"## {name}\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n{_table(keys, set(files))}"
    shown = [f"`{name}={p.stem}`\n\n```yaml\n{p.read_text().strip()}\n```" for p in sorted(folder.glob("*.yaml"))]
    return "\n\n".join([f"## {name}", *shown])


def commands() -> str:
    """Write the page of all commands, in Markdown, with the help of each."""
    parts = [f"# Commands\n\n```text\n{cli.usage()}\n```"]
    verbs_by_help: dict[str, str] = {}
    for verb in cli.VERBS:
        text = help_text(verb)
        first = verbs_by_help.setdefault(text, verb)
        same = f"Takes the same arguments as [`ablate {first}`](#ablate-{first})."
        arguments = f"```text\n{text}\n```" if first == verb else same
        parts.append(f"## ablate {verb}\n\n{cli.VERBS[verb].__doc__}\n\n{arguments}")
    return "\n\n".join(parts) + "\n"


def help_text(verb: str) -> str:
    """The output of `ablate VERB --help`."""
    environment = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "ablate.cli", verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


if __name__ == "__main__":
    write_text(HERE / "configuration.md", configuration())
    write_text(HERE / "commands.md", commands())
