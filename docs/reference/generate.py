"""The pages of the reference that are made at build time: `python -m docs.reference.generate`, called by `make docs`.

`configuration.md` has every key of `ablate.config.schema` and every option of `conf/`, `commands.md` what each verb
says with `--help`. Nothing of them is written by hand, so nothing of them can fall behind the code.
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
PRESETS = {"study": "A study in a file: `ablate train study=NAME`.", "experiment": "One run's settings in a file."}
INTERNAL = ("help", "job_logging", "hydra_logging")  # Hydra's own, which nobody chooses between
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
        "# Configuration\n\nEvery key of `ablate train` and `ablate plan`, from the schema that checks them. "
        "`key=value` sets one, `group=option` chooses an option, and in a study either takes a list.",
        "## Of every run\n\n" + _table(top_level(), {""}),
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
    return [*_keys(schema.Config, "", "", values), *_keys(schema.Study, "study.", "", values["study"])]


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
    found: dict[Key, Key] = {}
    for key in keys:
        found.setdefault(key, key).defaults.update(key.defaults)
    return list(found.values())


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
    """A group: what it is, its options, its keys."""
    files = sorted((CONF / group).glob("*.yaml"))
    first = next(kind for path in files for kind, _, _ in _nodes(path))
    base = next((kind for kind in reversed(first.__mro__) if Option in kind.__mro__[1:]), first)
    parts = [f"## {group}", (base.__doc__ or "").splitlines()[0] if base.__doc__ else ""]
    if len(files) > 1:
        rows = [f"| `{group}={path.stem}` | {_cell(_what(path))} |" for path in files]
        parts.append("\n".join(["| option | |", "|---|---|", *rows]))
    if keys := group_keys(group):
        parts.append(_table(keys, {path.stem for path in files}))
    return "\n\n".join(part for part in parts if part)


def _what(path: Path) -> str:
    """What an option is: the first paragraph of its function's or class's docstring, and the file's own remark."""
    content = OmegaConf.to_container(OmegaConf.load(path)) or {}
    said = []
    for node in (content, *content.values()):
        if isinstance(node, dict) and "_target_" in node:
            said.append(" ".join((get_object(node["_target_"]).__doc__ or "").split("\n\n")[0].split()))
    steps = [entry for entry in content.get("defaults", []) if not str(entry).startswith("/")]
    return " ".join(part for part in [*said, ", then ".join(f"`{step}`" for step in steps), _remark(path)] if part)


def _remark(path: Path) -> str:
    """The comment an option file begins with."""
    lines = path.read_text().splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#") and "@package" not in line]
    return " ".join(comments)


def _table(keys: list[Key], options: set[str]) -> str:
    """A row a key; each name is a place to link to, `#optimizer-lr`."""
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
        return "none: it must be given"
    if value is None or isinstance(value, bool):
        return f"`{json.dumps(value)}`"  # as YAML writes them
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _presets(group: str, text: str) -> str:
    rows = [f"| `{group}={path.stem}` | {_cell(_remark(path))} |" for path in sorted((CONF / group).glob("*.yaml"))]
    return "\n".join([f"## Presets of {group}\n\n{text}\n", "| preset | |", "|---|---|", *rows])


def _files(folder: Path) -> str:
    """Files that no group of a run is: their keys if the schema has them, else as they are, with their comments."""
    name = folder.relative_to(CONF).as_posix()
    if kind := schema.nodes().get(name.capitalize()):
        files = {path.stem: OmegaConf.to_container(OmegaConf.load(path)) for path in sorted(folder.glob("*.yaml"))}
        keys = _merged(key for option, values in files.items() for key in _keys(kind, "", option, values))
        return f"## {name}\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n{_table(keys, set(files))}"
    shown = [f"`{name}={p.stem}`\n\n```yaml\n{p.read_text().strip()}\n```" for p in sorted(folder.glob("*.yaml"))]
    return "\n\n".join([f"## {name}", *shown])


def commands() -> str:
    """The page of all verbs, in Markdown: each one's own help."""
    parts = [f"# Commands\n\n```text\n{cli.usage()}\n```"]
    seen: dict[str, str] = {}
    for verb in cli.VERBS:
        said = helped(verb)
        first = seen.setdefault(said, verb)
        same = f"It takes the words of [`ablate {first}`](#ablate-{first})."
        own = f"```text\n{said}\n```" if first == verb else same
        parts.append(f"## ablate {verb}\n\n{cli.VERBS[verb].__doc__}\n\n{own}")
    return "\n\n".join(parts) + "\n"


def helped(verb: str) -> str:
    """What `ablate VERB --help` prints."""
    settings = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "ablate.cli", verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=settings).stdout.strip()


if __name__ == "__main__":
    write_text(HERE / "configuration.md", configuration())
    write_text(HERE / "commands.md", commands())
