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
    assert looks.record(tmp_path, 1, 2, 1, "a") == looks.read(tmp_path) and len(looks.read(tmp_path)) == 1
    looks.record(tmp_path, 2, 2, 1, "b")
    assert [look.results for look in looks.record(tmp_path, 1, 2, 1, "a")] == [1]  # as it was reported then
    assert json.loads((tmp_path / looks.FILE).read_bytes().splitlines()[-1])["results_sha256"] == "b"


def test_each_new_result_is_a_look_with_its_time_and_counts(tmp_path):
    assert looks.read(tmp_path) == []
    (first,) = looks.record(tmp_path, results=3, planned=6, seeds=2, results_sha256="a")
    assert (first.results, first.planned, first.seeds, first.results_sha256) == (3, 6, 2, "a")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first.time)) < timedelta(minutes=10)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.time)
    both = looks.record(tmp_path, results=6, planned=6, seeds=3, results_sha256="b")
    assert both[0] == first and looks.read(tmp_path) == both and len(both) == 2
    assert looks.record(tmp_path, results=6, planned=6, seeds=3, results_sha256="b") == both


def test_a_log_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / looks.FILE).touch()
    os.truncate(tmp_path / looks.FILE, looks.LARGEST + 1)
    with pytest.raises(InputError, match="more than"):
        looks.read(tmp_path)


@pytest.mark.parametrize("changes", [{"results": -1}, {"seeds": "3"}, {"time": None}])
def test_a_look_with_a_value_that_cannot_be_is_none(tmp_path, changes):
    whole = {"schema": 1, "time": "now", "results": 1, "planned": 2, "seeds": 1, "results_sha256": "a"}
    lines = [whole, {**whole, **changes}, {**whole, "further": 1}]  # of a newer version
    (tmp_path / looks.FILE).write_text("\n".join(map(json.dumps, lines)))
    assert len(looks.read(tmp_path)) == 2
