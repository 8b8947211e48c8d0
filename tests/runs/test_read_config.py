"""The configuration in a run folder is read as data, and one that is damaged is refused in a sentence."""

from pathlib import Path

import pytest

from ablate.runs import read_config
from ablate.terminal.errors import InputError


def write(folder: Path, text: str) -> Path:
    (folder / ".hydra").mkdir(exist_ok=True)
    (folder / ".hydra/config.yaml").write_text(text)
    return folder


def test_nothing_is_evaluated(tmp_path):
    config = read_config.read_config(write(tmp_path, "a: 1\nb: ${a}\n"))
    assert config._get_node("b")._value() == "${a}" and config.b == 1


def test_what_reads_more_than_the_configuration_needs_trust(tmp_path):
    folder = write(tmp_path, "home: ${oc.env:HOME}\n")
    with pytest.raises(InputError, match="reads .*oc.env:HOME.*--trust"):
        read_config.read_config(folder)
    assert "home" in read_config.read_config(folder, trusted=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2]", "not a mapping"),
        ("a: [", "while parsing"),
        ("a: &x 1\nb: *x", "aliases and tags"),
        ("\x00", "unacceptable character"),
    ],
)
def test_a_damaged_configuration_is_refused_in_one_line(tmp_path, text, reason):
    with pytest.raises(InputError, match=rf"config\.yaml is missing or damaged.*{reason}.*Retrain the run") as error:
        read_config.read_config(write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_and_a_large_configuration_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_config.read_config(tmp_path)
    with pytest.raises(InputError, match="more than"):
        read_config.read_config(write(tmp_path, "# " + "x" * read_config.LARGEST))
