"""A record is read as it was written, and each way in which it is not valid has a message of its own."""

import json
import math
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from ablate.runs import json_file
from ablate.runs.json_file import Count, Fraction, Positive, Record, Whole
from ablate.terminal.errors import InputError


class Part(Record, frozen=True, kw_only=True):
    size: Positive
    kind: Literal["a", "b"] = "a"


class Example(Record, frozen=True, kw_only=True):
    schema: int = json_file.SCHEMA
    name: str
    count: Count = 0
    whole: Whole | None = None
    share: Fraction = 0.5
    value: float | None = None
    kind: Literal["x", "y"] = "x"
    yes: bool = False
    parts: list[Part] = msgspec.field(default_factory=list)
    numbers: dict[str, float] = msgspec.field(default_factory=dict)
    pair: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.name == "taken":
            raise ValueError("the name is taken")


def read(folder: Path, content: object, most: int = 10_000) -> Example:
    """The record that a file with this content gives."""
    (folder / "it.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return json_file.read(folder / "it.json", Example, "an example", json_file.Limit(most, most), "Make another.")


def test_what_is_written_is_read(tmp_path):
    record = Example(name="é", count=2, parts=[Part(size=1, kind="b")], numbers={"a": 0.1}, value=2.5, pair=(1, 2))
    json_file.write(tmp_path / "it.json", record)
    assert json_file.read(tmp_path / "it.json", Example, "an example", json_file.Limit(10_000, 100), "") == record


def test_a_value_that_is_no_number_is_written_as_null(tmp_path):
    json_file.write(tmp_path / "it.json", Example(name="a", value=math.inf))
    assert json_file.read(tmp_path / "it.json", Example, "an example", json_file.Limit(10_000, 100), "").value is None
    assert math.isnan(read(tmp_path, '{"schema": 1, "name": "a", "value": NaN}').value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "lacks name. Make another."),
        ({"name": 3}, "name is 3, but must be text. Make another."),
        ({"count": -1}, "count is -1, but must be a whole number of at least 0."),
        ({"count": 0.5}, "count is 0.5, but must be a whole number."),
        ({"whole": True}, "whole is True, but must be a whole number or null."),
        ({"whole": 2**63}, "whole is 9223372036854775808, but must be a whole number of at most 9223372036854775807."),
        ({"share": 1.01}, "share is 1.01, but must be a number of at most 1"),
        ({"yes": 1}, "yes is 1, but must be true or false."),
        ({"kind": "z"}, "kind is 'z', but must be one of x, y."),
        ({"parts": {}}, "parts is {}, but must be a list."),
        ({"parts": [3]}, "parts[0] is 3, but must be an object."),
        ({"parts": [{"size": 1}, {"size": 0}]}, "parts[1].size is 0, but must be a whole number of at least 1."),
        ({"parts": [{"size": 2**63}]}, "parts[0].size is 9223372036854775808, but must be a whole number of at most"),
        ({"count": 2**63}, "count is 9223372036854775808, but must be a whole number of at most 9223372036854775807."),
        ({"whole": -(2**63)}, "whole is -9223372036854775808, but must be a whole number"),
        ({"parts": [{"size": 1, "kind": "z"}]}, "parts[0].kind is 'z', but must be one of its choices."),
        ({"parts": [{}]}, "lacks parts[0].size. Make another."),
        ({"parts": [{"size": 1, "more": 2}]}, "has the unknown key 'parts[0].more'"),
        ({"numbers": {"a": None}}, "numbers is {'a': None}, but must be an object whose values are a number."),
        ({"pair": [1]}, "pair is [1], but must be a list of length 2."),
        ({"name": "taken"}, "is not valid: the name is taken. Make another."),
        ({"more": 1}, "has the unknown key 'more': it was written by a newer version of ablate."),
        ({"schema": 2}, "is of schema 2, and this version of ablate reads schema 1: it was written by a newer"),
        ({"schema": 0}, "is not a record of ablate with schema 1. Make another."),
        ({"schema": True}, "is not a record of ablate with schema 1. Make another."),
        ({"schema": 1.0}, "is not a record of ablate with schema 1. Make another."),
        ("[1]", "is not a record of ablate with schema 1. Make another."),
        ('{"schema": 1, "name": "\\ud800"}', "cannot be read"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_not_valid_is_named(tmp_path, content, message):
    if isinstance(content, dict):
        content = {"schema": 1, **({"name": "a"} if content else {}), **content}
    with pytest.raises(InputError) as error:
        read(tmp_path, content, most=200_000)
    assert message in str(error.value) and str(error.value).startswith(str(tmp_path / "it.json"))


def test_a_missing_file_and_one_that_is_too_large_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no it\.json: it is not an example\."):
        json_file.read(tmp_path / "it.json", Example, "an example", json_file.Limit(10, 10), "")
    with pytest.raises(InputError, match=r"it\.json: it is not an example\."):
        (tmp_path / "file").touch()
        json_file.read(tmp_path / "file/it.json", Example, "an example", json_file.Limit(10, 10), "")
    text = '{"schema": 1, "name": "a"}'
    assert read(tmp_path, text, most=len(text)).name == "a"
    with pytest.raises(InputError, match="more than"):
        read(tmp_path, text, most=len(text) - 1)
