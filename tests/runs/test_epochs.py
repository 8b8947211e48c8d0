"""A metrics.csv is read as far as it is whole."""

import csv
import math
from pathlib import Path

import pytest

from ablate.runs import epochs
from ablate.terminal.errors import InputError

WHOLE = "epoch,val_accuracy,seconds\r\n1,0.5,2.0\r\n2,nan,\r\n3,0.75,1.5\r\n"


def rows_of(path: Path) -> list[dict[str, float]]:
    """The rows that are read, one dict per epoch."""
    table = epochs.read(path)
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    assert len(rows) == epochs.count(table)
    return rows


def test_a_whole_file_is_read_as_pythons_own_reader_does(tmp_path):
    (tmp_path / "metrics.csv").write_text(WHOLE, newline="")
    rows = rows_of(tmp_path / "metrics.csv")
    with open(tmp_path / "metrics.csv", newline="") as file:
        expected = [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows[::2] == expected[::2] and len(rows) == 3
    assert math.isnan(rows[1]["val_accuracy"]) and math.isnan(rows[1]["seconds"])


def test_cut_off_anywhere_it_gives_the_epochs_before(tmp_path):
    path = tmp_path / "metrics.csv"
    ends = [at + 1 for at, letter in enumerate(WHOLE) if letter == "\n"]
    for length in range(len(WHOLE) + 1):
        path.write_text(WHOLE[:length], newline="")
        assert len(rows_of(path)) == max(0, sum(end <= length for end in ends) - 1)


def test_what_is_no_number_ends_it_and_no_file_is_no_epoch(tmp_path):
    path = tmp_path / "metrics.csv"
    assert rows_of(path) == []
    path.write_text("epoch,val_accuracy\n1,0.5\n2,x\n3,0.75\n")
    assert rows_of(path) == [{"epoch": 1.0, "val_accuracy": 0.5}]
    path.unlink()
    path.mkdir()
    assert rows_of(path) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "metrics.csv", "w") as file:
        file.truncate(epochs.LARGEST + 1)
    with pytest.raises(InputError, match="more than"):
        epochs.read(tmp_path / "metrics.csv")
