"""test.json: what is written is what is read, and what is damaged is refused and kept."""

import json

import msgspec
import pytest

from ablate.runs import run_record, test_log, test_result
from ablate.runs.run_record import RunRecord
from ablate.runs.test_result import Mark
from ablate.terminal.errors import InputError
from tests.runs.test_test_log import RESULT, result


def test_what_is_written_is_read(tmp_path):
    mark = Mark(rubric="r", mark=61.5, band="Good", interval_marks=(40.0, 80.0), interval_bands=("Fair", "Good"))
    content = result(variant="baseline", seed=3, look="a", weights_sha256="1", test_sha256="2", code_sha256="3")
    content = msgspec.structs.replace(content, mark=mark)
    assert test_result.read(tmp_path) is None
    test_result.write(tmp_path, content)
    assert test_result.read(tmp_path) == content
    assert list(json.loads((tmp_path / test_result.FILE).read_text()))[:2] == ["schema", "uses"]


@pytest.mark.parametrize("accuracy", [0, 0.0, 1.0, 1.5, "0.5"])
def test_only_a_result_without_uses_and_with_an_accuracy_is_one_of_an_earlier_version(tmp_path, accuracy):
    (tmp_path / test_result.FILE).write_text(json.dumps({"schema": 1, "accuracy": accuracy}))
    if accuracy in (0.0, 1.0) and isinstance(accuracy, float):
        assert test_result.read(tmp_path) is None
    else:
        with pytest.raises(InputError, match=r"lacks uses.*\. Move it away and test the run again"):
            test_result.read(tmp_path)


DAMAGES = {
    "junk": ("{junk", "cannot be read"),
    "no object": ("[]", "not a record of ablate"),
    "schema": ({"schema": 2}, "newer version"),
    "uses": ({"uses": 0}, "uses is 0, but must be a whole number of at least 1"),
    "accuracy": ({"accuracy": 7}, "accuracy is 7, but must be a number"),
    "interval": ({"accuracy_interval": [0.9, 0.1]}, "the lower end of an interval is above its upper end"),
    "class interval": ({"per_class_interval": {"a": None, "b": [0.9, 0.1]}}, "the lower end of an interval"),
    "classes": ({"per_class_interval": {"a": None}}, "per_class_interval has other classes"),
    "confusion": ({"confusion": [[1]]}, "confusion is not 2 by 2"),
    "row of the confusion": ({"confusion": [[1, 2], [3]]}, "confusion is not 2 by 2"),
    "reliability": ({"reliability": [[1, 2]]}, "reliability"),
    "label": ({"mistakes": [{**RESULT["mistakes"][0], "label": 2}]}, "a mistake has a label outside 0 to 1"),
    "prediction": ({"mistakes": [{**RESULT["mistakes"][0], "predicted": 2}]}, "a mistake has a label outside 0 to 1"),
    "mark": ({"mark": {"rubric": "a"}}, "lacks mark"),
    "band": ({"mark": {"rubric": "a", "mark": 1, "band": "", "interval_marks": [0, 1],
                       "interval_bands": ["a", "b"]}}, "mark has the name ''"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_refused_and_kept(tmp_path, damage):
    content, message = DAMAGES[damage]
    whole = {"schema": 1, "uses": 1, **RESULT}
    path = tmp_path / test_result.FILE
    path.write_text(content if isinstance(content, str) else json.dumps({**whole, **content}))
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        test_log.record_use(tmp_path, result())
    assert path.read_bytes() == before and not (tmp_path / test_log.FILE).exists()


def test_equal_ends_of_an_interval_are_one(tmp_path):
    test_result.write(tmp_path, result(accuracy_interval=[0.5, 0.5]))
    assert test_result.read(tmp_path) is not None


def test_a_result_may_have_a_value_for_each_pair_of_classes_and_no_more(tmp_path):
    """As documented in docs/security.md: 10 classes have 100 pairs, 16 other values each, and 16,384 in all."""
    run_record.write(tmp_path, RunRecord(status="running", config_sha256="0", classes=list("abcdefghij")))
    path = tmp_path / test_result.FILE
    path.write_text('{"schema": 1, "accuracy": 0.5, "x": [' + ",".join("1" * 16_641) + "]}")  # 16,640 + 4 values
    assert test_result.read(tmp_path) is None  # of an earlier version
    path.write_text('{"schema": 1, "accuracy": 0.5, "x": [' + ",".join("1" * 16_642) + "]}")
    with pytest.raises(InputError, match="16,645 values, more than the limit of 16,644"):
        test_result.read(tmp_path)
