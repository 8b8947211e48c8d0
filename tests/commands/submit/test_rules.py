"""The submission rules of the assignment, and valid and invalid rules in a file."""

import pytest

from ablate.commands.submit import rules
from ablate.config import CONF
from ablate.terminal.errors import InputError

ASSIGNMENT = CONF / "submission" / "assignment.yaml"


@pytest.fixture
def changed(tmp_path):
    """Write the rules of the assignment with the line of one key replaced; return the path."""

    def write(line: str) -> str:
        key = line.partition(":")[0]
        lines = [line if old.startswith(f"{key}:") else old for old in ASSIGNMENT.read_text().splitlines()]
        path = tmp_path / "rules.yaml"
        path.write_text("\n".join(lines if line in lines else [*lines, line]))
        return str(path)

    return write


def test_the_rules_of_the_assignment():
    submission = rules.read("assignment", "s123")
    assert (submission.archive, submission.report, submission.max_pages) == ("s123.zip", "report.pdf", 2)
    assert (submission.max_checkpoint_mb, submission.link) == (30, "model_link.txt")


def test_rules_from_a_file_with_the_id_in_a_name(changed):
    submission = rules.read(changed("report: '{id} report.pdf'"), "s123")
    assert submission.report == "s123 report.pdf" and submission.archive == "s123.zip"
    assert rules.read(changed("notebook: null"), "s123").notebook is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_page: 2", "max_page"),
        ("max_pages: 0", "at least 1"),
        ("max_pages: two", "max_pages: Value 'two'"),
        ("max_archive_mb: .nan", "above 0"),
        ("archive: ../x.zip", "must be a file name"),
        ("archive: .x", "must be a file name"),
        ("code: ''", "must be a file name"),
        ("report: model.pt", "contains another file of that name"),
        ("report: README.md", "contains another file of that name"),
        ("report: ${oc.env:HOME}", "interpolations are not supported"),
        ("report: &a x", "aliases and tags"),
        ("report: !!python/object/apply:os.system [ls]", "aliases and tags"),
        ("report: [", "is not a valid submission file"),
    ],
)
def test_an_invalid_value_is_refused(changed, line, message):
    path = changed(line)
    with pytest.raises(InputError) as refused:
        rules.read(path, "s123")
    assert message in str(refused.value) and path in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_without_rules_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a file and not one of assignment"):
        rules.read("assignmnet", "s123")
    with pytest.raises(InputError, match="is not a valid submission file"):
        rules.read(str(tmp_path), "s123")
    (tmp_path / "huge.yaml").write_text("#" * 100_000)
    with pytest.raises(InputError, match="more than the"):
        rules.read(str(tmp_path / "huge.yaml"), "s123")
