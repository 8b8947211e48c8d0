"""Rules of what is handed in: those of the assignment, and what a file of one's own may say."""

import pytest

from ablate.config import CONF
from ablate.course import rules
from ablate.terminal.errors import InputError

OWN = CONF / "submission" / "assignment.yaml"


@pytest.fixture
def changed(tmp_path):
    """A copy of the assignment's rules with one line in the place of that of its key."""

    def write(line: str) -> str:
        key = line.partition(":")[0]
        lines = [line if known.startswith(f"{key}:") else known for known in OWN.read_text().splitlines()]
        path = tmp_path / "own.yaml"
        path.write_text("\n".join(lines if line in lines else [*lines, line]))
        return str(path)

    return write


def test_the_assignments_rules_are_the_assignments():
    own = rules.read("assignment", "s123")
    assert (own.archive, own.report, own.max_pages) == ("s123.zip", "report.pdf", 2)
    assert (own.max_checkpoint_mb, own.link) == (30, "model_link.txt")


def test_a_file_of_ones_own_and_the_id_in_any_name(changed):
    own = rules.read(changed("report: '{id} report.pdf'"), "s123")
    assert own.report == "s123 report.pdf" and own.archive == "s123.zip"
    assert rules.read(changed("notebook: null"), "s123").notebook is None


@pytest.mark.parametrize(
    ("line", "said"),
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
        ("report: ${oc.env:HOME}", "interpolations are not read"),
        ("report: &a x", "aliases and tags"),
        ("report: !!python/object/apply:os.system [ls]", "aliases and tags"),
        ("report: [", "cannot be used"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(changed, line, said):
    path = changed(line)
    with pytest.raises(InputError) as refused:
        rules.read(path, "s123")
    assert said in str(refused.value) and path in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_no_file_of_rules_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file, nor one of assignment"):
        rules.read("assignmnet", "s123")
    with pytest.raises(InputError, match="cannot be used"):
        rules.read(str(tmp_path), "s123")
    (tmp_path / "huge.yaml").write_text("#" * 100_000)
    with pytest.raises(InputError, match="more than the"):
        rules.read(str(tmp_path / "huge.yaml"), "s123")
