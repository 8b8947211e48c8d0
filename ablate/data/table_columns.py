"""The columns of a table of images (CSV, TSV, Parquet), as text."""

import csv
from collections.abc import Mapping
from pathlib import Path

from ablate.files import bounded, delimited, parquet
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few, printable

LARGEST = 64 * bounded.MIB  # bytes of a CSV file: half a million images with long paths
MOST_ROWS = 2_000_000  # of a CSV file, each of which takes up to 300 bytes of memory
MISSING = {"", "nan", "NaN", "NA", "N/A", "n/a", "<NA>", "null", "NULL"}  # cells without a value, as pandas writes them


def read(path: Path, columns: Mapping[str, str]) -> dict[str, list[str]]:
    """Read columns of a table.

    Args:
        path: the table.
        columns: name of each column by the key that names it, such as `{"data.label_column": "label"}`.

    Returns:
        The cells of each column by its key, as text without spaces around it; empty where the table has no value.

    Raises:
        InputError: the file is no table, is too large, or lacks a column.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        names, cells = _delimited(path, list(columns.values()))
    elif path.suffix.lower() == ".parquet":
        names, cells = _parquet(path, list(columns.values()))
    else:
        raise InputError(f"{path} is not a table: its name must end in .csv, .tsv or .parquet.")
    for key, name in columns.items():
        if name in names and name not in cells:
            raise InputError(f"{key}={name}: this column of {path} holds lists, objects or bytes, not text or numbers.")
        if name not in cells:
            near = (
                did_you_mean(name, names, prefix=f"{key}=") or f" Its columns: {first_few(map(printable, names), 20)}."
            )
            raise InputError(f"{key}={name}: {path} has no such column.{near}")
    return {key: ["" if cell in MISSING else cell for cell in cells[name]] for key, name in columns.items()}


def _delimited(path: Path, wanted: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Names of all columns, and the cells of the wanted ones; rows without any text are left out."""
    content = _contents(path)
    if (rows_at_most := max(content.count(b"\n"), content.count(b"\r"))) > MOST_ROWS:
        raise InputError(
            f"{path} has about {rows_at_most:,} rows, more than the limit of {MOST_ROWS:,}. It was not read."
        )
    encoding = delimited.encoding(content, path, LARGEST)
    written, separator = delimited.header(content, encoding, path)
    names = [name.strip() for name in written]
    delimited.check_names(names, path)
    places = {name: names.index(name) for name in wanted if name in names}
    cells: dict[str, list[str]] = {name: [] for name in places}
    try:
        with delimited.as_text(content, encoding, newline="") as file:
            rows = (row for row in csv.reader(file, delimiter=separator, skipinitialspace=True) if any(row))
            next(rows)  # the header
            for row in rows:
                for name, place in places.items():
                    cells[name].append(row[place].strip() if place < len(row) else "")
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table ({error}).") from None
    return names, cells


def _contents(path: Path) -> bytes:
    try:
        return bounded.contents(path, LARGEST)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None


def _parquet(path: Path, wanted: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    try:
        table, others = parquet.read_columns(path, wanted)
    except ImportError:
        raise InputError(f"{path}: reading Parquet needs the package pyarrow. Run: pip install pyarrow") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    cells = {
        name: ["" if cell is None else str(cell).strip() for cell in table.column(name).to_pylist()]
        for name in table.column_names
    }
    return [*table.column_names, *others], cells
