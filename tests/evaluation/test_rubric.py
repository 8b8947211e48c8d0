"""The mark bands of the assignment at and around each bound, and invalid rubric files."""

import pytest

from ablate.config import CONF
from ablate.evaluation import rubric
from ablate.runs.test_result import Mark
from ablate.terminal.errors import InputError

# The assignment: over 80 % full mark; 70-80: 90 %; 65-70: 80 %; 60-65: 70 %; 50-60: 60 %; below: no marks.
MARKS = [
    *((1.0, 100), (0.8001, 100), (0.8, 90), (0.7, 90), (0.6999, 80), (0.65, 80)),
    *((0.6499, 70), (0.6, 70), (0.5999, 60), (0.5, 60), (0.4999, 0), (0.0, 0)),
]
DATA = "ablate.data.download.cifar10"
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_every_rubric_is_valid():
    files = sorted(path.stem for path in (CONF / "rubric").glob("*"))
    assert files == rubric.known() == ["assignment", "none"]
    assert [len(rubric.read(name).bands) for name in files] == [5, 0]


@pytest.mark.parametrize(("accuracy", "mark"), MARKS)
def test_the_assignments_marks(accuracy, mark):
    course = rubric.read("assignment")
    assert course.mark(course.band_index(accuracy)) == mark
    correct = round(accuracy * 10_000)  # a number of correct images gives the same mark as the decimal fraction
    assert course.mark(course.band_index(correct / 10_000)) == mark


@pytest.mark.parametrize("data", ["ablate.data.image_folder.image_folder", "ablate.data.table.table", "mine.cifar10"])
def test_the_assignments_marks_are_only_for_its_data_whatever_the_classes_are_called(data):
    assert rubric.read("assignment").judge(0.9, (0.8, 0.95), CIFAR10, DATA).mark == 100
    assert rubric.read("assignment").judge(0.9, (0.8, 0.95), CIFAR10, data) is None


@pytest.mark.parametrize("classes", [[str(digit) for digit in range(10)], CIFAR10[:9], (*CIFAR10, "monkey")])
def test_a_rubric_may_be_for_data_with_the_same_classes(tmp_path, classes):
    path = tmp_path / "course.yaml"
    path.write_text(f"bands: [{{from: 50, mark: 100}}]\nclasses: {list(CIFAR10)}")
    assert rubric.read(str(path)).judge(0.9, (0.8, 0.95), classes, "mine.load") is None
    assert rubric.read(str(path)).judge(0.9, (0.8, 0.95), CIFAR10[::-1], "mine.load").mark == 100


def test_a_rubric_without_classes_is_for_any_data_set(tmp_path):
    path = tmp_path / "course.yaml"
    path.write_text("bands: [{from: 50, mark: 100}]")
    assert rubric.read(str(path)).judge(0.9, (0.8, 0.95), ["0", "1"], "mine.load").mark == 100


def test_the_ends_of_an_interval_have_marks():
    course = rubric.read("assignment")
    assert course.judge(0.62, (0.598, 0.652), CIFAR10, DATA) == Mark(
        rubric="assignment",
        mark=70,
        band="60 to 65 %",
        interval_marks=(60, 80),
        interval_bands=("50 to 60 %", "65 to 70 %"),
    )
    assert course.judge(0.9, (0.8, 0.95), CIFAR10, DATA).interval_bands == ("70 to 80 %", "over 80 %")
    assert course.judge(0.1, (0.0, 0.2), CIFAR10, DATA).interval_bands == ("under 50 %", "under 50 %")
    assert rubric.read("none").judge(0.9, (0.8, 0.95), CIFAR10, DATA) is None


def test_a_rubric_from_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("bands: [{from: 62.5, mark: 50}]")
    mine = rubric.read(str(tmp_path / "mine.yaml"))
    assert (mine.name, mine.band_index(5 / 8), mine.band_index(0.6249), mine.range_text(0)) == (
        "mine",
        0,
        1,
        "62.5 % or more",
    )


REFUSED = {
    "bands": "single value",
    "bands: 3": "must have the key bands",
    "bands: []\nband: []": "must have the key bands",
    "bands: []\nclasses: cat": "must have the key bands",
    "bands: [80]": "has the invalid band 80",
    "bands: [{from: 80}]": "A band is {from: NUMBER, mark: NUMBER}",
    "bands: [{from: 80, above: 80, mark: 1}]": "has the invalid band {",
    "bands: [{form: 80, mark: 1}]": "has the invalid band {",
    "bands: [{from: 80, mark: 101}]": "mark: 101, expected a number from 0 to 100",
    "bands: [{from: .nan, mark: 1}]": "from: nan, expected",
    "bands: [{from: 8e400, mark: 1}]": "from: 8e400, expected",
    "bands: [{from: yes, mark: 1}]": "from: True, expected",
    "bands: [{from: 70, mark: 90}, {above: 80, mark: 100}]": "of accuracy and mark, but 70 (mark 90)",
    "bands: [{from: 80, mark: 90}, {from: 70, mark: 90}]": "must be in descending order",
    "bands: [": "cannot be read",
    "bands: &a [*a]": "aliases and tags are not supported",
    "bands: !!python/object/apply:os.getcwd []": "aliases and tags are not supported",
    "[" * 1000: "levels deep",
    "#" * 100_000: "more than the limit of 65,536",
    "\0": "cannot be read",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_an_invalid_rubric_is_refused(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        rubric.read(str(path))
    assert REFUSED[text] in str(refusal.value) and str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("name", "message"), [("assignmnt", "Did you mean assignment?"), ("../rubric", "one of"), ("", "one of")]
)
def test_an_unknown_rubric_is_refused(name, message):
    with pytest.raises(InputError, match="Unknown rubric") as refusal:
        rubric.read(name)
    assert message in str(refusal.value)
