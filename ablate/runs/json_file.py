"""A JSON file <-> a typed record: size limit, one-sentence errors, atomic writes.

The file may be from somebody else. NaN and infinity are read as JSON libraries write them, and written as null.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import msgspec

from ablate.files import atomic, bounded
from ablate.terminal.errors import InputError

SCHEMA = 1
Whole = Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)]  # what a column of whole numbers holds
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list",
         "object": "an object", "null": "null"}  # fmt: skip
BOUNDS = {">=": "at least", "<=": "at most"}


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record of a file, or a part of one. Keys that a file lacks take their default."""


Kind = TypeVar("Kind", bound=Record)
Content = dict[str, Any]


class Limit(NamedTuple):
    """The largest size of a file in bytes, and its largest number of values: each takes up to 100 bytes of memory."""

    size: int
    values: int


def read(
    path: Path,
    kind: type[Kind],
    what: str,
    most: Limit,
    advice: str,
    upgrade: Callable[[Content], Content] | None = None,
) -> Kind:
    """Read a record from a JSON file.

    Args:
        path: the file.
        kind: type of the record.
        what: kind of folder that contains the file, for error messages, such as `a run folder`.
        most: its largest size.
        advice: a sentence on how to replace a damaged record.
        upgrade: converts the content of earlier versions to the current form.

    Raises:
        InputError: the file is missing, too large, unreadable, or not a valid record.
    """
    content = read_object(path, what, most, advice)
    content = upgrade(content) if upgrade else content
    if lacking := [name for name in _required(kind) if name not in content]:
        raise InputError(f"{path} lacks {', '.join(lacking)}. {advice}")
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise InputError(_explained(path, kind, content, str(error), advice)) from None


@cache
def _required(kind: type[Record]) -> list[str]:
    """The keys that a record of this kind must have."""
    return [field.encode_name for field in msgspec.structs.fields(kind) if field.required]


def read_object(path: Path, what: str, most: Limit, advice: str = "Get a fresh copy.") -> dict[str, Any]:
    """The object in a JSON file of this schema; InputError if there is none."""
    try:
        text = bounded.contents(path, most.size)
        check_values(text, most.values)
        content = json.loads(text.decode())
        if b"\\u" in text:  # half a surrogate pair could not be written anywhere
            check_surrogates(content)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path.parent} has no {path.name}: it is not {what}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}). It is damaged or not written by ablate. {advice}") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise InputError(_newer(path, f"is of schema {schema}, and this version of ablate reads schema {SCHEMA}"))
    if type(schema) is not int or schema != SCHEMA:
        raise InputError(f"{path} is not a record of ablate with schema {SCHEMA}. {advice}")
    return content


def check_values(text: bytes, most: int) -> None:
    """Raise ValueError if JSON may have more than `most` values, which is known before it is parsed."""
    if (values := sum(map(text.count, (b",", b"[", b"{")))) > most:
        raise ValueError(f"it has about {values:,} values, more than the limit of {most:,}")


def check_surrogates(content: Any) -> None:
    """Raise UnicodeEncodeError, a ValueError, for half a surrogate pair in plain values."""
    if isinstance(content, str):
        content.encode()
    elif isinstance(content, list | dict):
        for value in content:
            check_surrogates(value)
        if isinstance(content, dict):
            check_surrogates(list(content.values()))


def write(path: Path, record: Record) -> None:
    """Write a record as JSON: a reader, or a crash at any moment, sees the old content or the new."""
    atomic.write_json(path, msgspec.to_builtins(record))


def as_recorded(content: Any) -> Any:
    """Plain values as a reader of the record has them, to compare them with those of an earlier record."""
    return json.loads(atomic.to_json(msgspec.to_builtins(content)))


def _newer(path: Path, reason: str) -> str:
    return f"{path} {reason}: it was written by a newer version of ablate. Update: pip install --upgrade hydra-ablate."


def _explained(path: Path, kind: type[Record], content: Any, message: str, advice: str) -> str:
    """Turn an error of msgspec into a message. It ends with the path of the value, such as `$.runs[3].seed`."""
    problem, place = message, ""
    if at := re.fullmatch(r"(.*) - at `(?:key` in `)?\$([^`]*)`", message, re.S):
        problem, place = at.groups()
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", problem, re.S):
        return _newer(path, f"has the unknown key {f'{place}.{unknown[1]}'.lstrip('.')!r:.80}")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem, re.S):
        return f"{path} lacks {place.lstrip('.')}.{missing[1]}. {advice}"
    allowed = _allowed(kind, place, problem)
    if not allowed:  # a check of the record's own
        where = f" ({place.lstrip('.')})" if place else ""
        return f"{path} is not valid: {problem}{where}. {advice}"
    value = content
    for step in _steps(place):
        value = value[step]
    key = place.partition("[...]")[0].lstrip(".")
    return f"{path}: {key} is {value!r:.80}, but must be {allowed}. {advice}"


def _steps(place: str) -> Iterator[Any]:
    """Yield the keys and indices of a path, up to the first unknown key, `[...]`."""
    for name, position in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\].*", place):
        if name or position:
            yield name or int(position)


def _allowed(kind: type[Record], place: str, problem: str) -> str:
    """Describe the values that msgspec expected; an empty string for any other error."""
    if problem.startswith("Invalid enum value"):
        types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        choices = types.get(place.lstrip("."))
        return f"one of {', '.join(get_args(choices))}" if get_origin(choices) is Literal else "one of its choices"
    if problem == "Number out of range":
        return "a number that fits in 64 bits"
    expected = re.match(r"Expected `([^`]+)`(?: (>=|<=) (\S+)| of length (\d+))?", problem)
    if not expected:
        return ""
    kinds, sign, bound, length = expected.groups()
    words = " or ".join(KINDS.get(name, name) for name in kinds.split(" | "))
    words += f" of {BOUNDS[sign]} {bound}" if sign else ""
    words += f" of length {length}" if length else ""
    return f"an object whose values are {words}" if "[...]" in place else words
