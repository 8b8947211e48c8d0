"""The log of looks: new results are a look, the same results again are not."""

import json
import os
import re
from datetime import UTC, datetime, timedelta

import pytest

from ablate.runs import looks
from ablate.terminal.errors import InputError


@pytest.mark.parametrize("line", ["{junk", "[]", '{"time": 3}', "\xff"])
def test_a_damaged_line_is_skipped(tmp_path, line):
    (tmp_path / looks.FILE).write_bytes(line.encode("latin-1") + b"\n")
    assert looks.record(tmp_path, ["a"], 2, 1) == (looks.read(tmp_path), 0) and len(looks.read(tmp_path)) == 1
    looks.record(tmp_path, ["a", "b"], 2, 1)
    assert [look.results for look in looks.record(tmp_path, ["a"], 2, 1)[0]] == [1]  # as it was reported then
    assert len(json.loads((tmp_path / looks.FILE).read_bytes().splitlines()[-1])["shown"]) == 2


def test_each_new_result_is_a_look_with_its_time_and_counts(tmp_path):
    assert looks.read(tmp_path) == [] and looks.record(tmp_path, [], planned=6, seeds=0) == ([], 0)
    assert not (tmp_path / looks.FILE).exists()
    (first,), _ = looks.record(tmp_path, [("a", 0), ("a", 1), ("b", 0)], planned=6, seeds=2)
    assert (first.results, first.planned, first.seeds, len({*first.shown})) == (3, 6, 2, 3)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first.time)) < timedelta(minutes=10)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.time)
    more = [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    both, replaced = looks.record(tmp_path, more, planned=6, seeds=3)
    assert both[0] == first and looks.read(tmp_path) == both and len(both) == 2 and replaced == 0
    assert looks.record(tmp_path, more, planned=6, seeds=3) == (both, 0)
    assert looks.record(tmp_path, more[1:], planned=6, seeds=3) == (both, 0) and len(looks.read(tmp_path)) == 2


def test_looks_that_showed_none_of_the_results_are_counted_apart(tmp_path):
    for results in (["a"], ["a", "b"], ["c"], ["c", "d"]):
        looks.record(tmp_path, results, planned=2, seeds=1)
    counted, others = looks.record(tmp_path, ["c", "d"], planned=2, seeds=1)
    assert [look.results for look in counted] == [1, 2] and others == 2
    counted, others = looks.record(tmp_path, ["b", "e"], planned=2, seeds=1)
    assert len(looks.read(tmp_path)) == 5 and [look.results for look in counted] == [2, 2] and others == 3


def test_a_log_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / looks.FILE).touch()
    os.truncate(tmp_path / looks.FILE, looks.LARGEST + 1)
    with pytest.raises(InputError, match="more than"):
        looks.read(tmp_path)


@pytest.mark.parametrize(
    "changes", [{"results": -1}, {"seeds": "3"}, {"time": None}, {"shown": None}, {"shown": ["a"]}]
)
def test_a_look_with_a_value_that_cannot_be_is_none(tmp_path, changes):
    whole = {"schema": 1, "time": "now", "results": 1, "planned": 2, "seeds": 1, "shown": ["0123456789abcdef"]}
    lines = [whole, {**whole, **changes}, {**whole, "further": 1}]  # of a newer version
    (tmp_path / looks.FILE).write_text("\n".join(map(json.dumps, lines)))
    assert len(looks.read(tmp_path)) == 2
