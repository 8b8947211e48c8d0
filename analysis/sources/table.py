"""A table of runs -> data frame: CSV (any common separator, decimal comma, encoding), Parquet, JSON lines."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.files import bounded
from ablate.runs import json_file
from ablate.terminal.errors import InputError

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json")
LARGEST = 64 * bounded.MIB  # bytes
MOST_CELLS = 2_000_000
MOST_COLUMNS = 5_000
SEPARATORS = ",;\t|"
# Numbers as they are written: the default of pandas 3, which deprecates the argument.
EXACT: Any = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}


def is_table(path: Path) -> bool:
    """Whether a path is a file with the name of a table."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a table.

    Returns:
        The rows, and sentences on what was assumed of the file.

    Raises:
        InputError: the file is missing, too large, empty, or not a table.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return _named(_parquet(bounded.contents(path, LARGEST), path), path), []
        content = bounded.contents(path, LARGEST)
        if suffix in (".jsonl", ".ndjson", ".json"):
            return _named(_json_rows(content, path), path), []
        return _csv(content, path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path} does not exist.") from None
    except ImportError:
        raise InputError(f"{path}: reading Parquet needs the package pyarrow: pip install pyarrow.") from None
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, csv.Error, pd.errors.ParserError) as error:  # also those of pyarrow
        raise InputError(f"{path} cannot be read as a table ({str(error).splitlines()[0]:.200}).") from None


def _parquet(content: bytes, path: Path) -> pd.DataFrame:
    """Rows of a Parquet file, whose unpacked size is checked before anything is unpacked."""
    from pyarrow import parquet

    metadata = parquet.read_metadata(io.BytesIO(content))
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    bounded.check(path, "would unpack to", unpacked, LARGEST)
    _check_columns(path, metadata.num_columns)
    _check_cells(path, metadata.num_rows * metadata.num_columns)
    return pd.read_parquet(io.BytesIO(content))


def _json_rows(content: bytes, path: Path) -> pd.DataFrame:
    """Rows of JSON lines (one object per line), or of one list of objects."""
    text, _ = _decoded(content, path)
    _check_cells(path, sum(map(text.count, ",[{")))
    lines = [line for line in text.split("\n") if line.strip()]
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in lines]
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f'{path} must hold objects, one per run, such as {{"model": "cnn", "acc": 0.93}}.')
    if "\\u" in text:  # half a surrogate pair could not be written anywhere
        json_file.check_surrogates(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    _check_columns(path, len(names))
    _check_cells(path, len(names) * len(rows))
    return pd.DataFrame(rows, columns=list(names))


def _csv(content: bytes, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Rows of a CSV file: the separator is the most frequent one of its header, decimals may have a comma."""
    text, notes = _decoded(content, path)
    header = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    if not header:
        raise InputError(f"{path} is empty.")
    separator = max(SEPARATORS, key=header.count)
    if separator not in header:
        separator = ","
    _check_cells(path, sum(map(text.count, (separator, "\n", "\r"))))
    names = next(csv.reader([header], delimiter=separator))
    _check_columns(path, len(names))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path} has more than one column {twice[0]!r}. Rename one of them.")
    rows = pd.read_csv(io.StringIO(text), sep=separator, skipinitialspace=True, **EXACT)
    if separator != ",":  # a comma can be a decimal point
        for name in rows.columns[rows.dtypes.map(pd.api.types.is_string_dtype)]:
            cells = rows[name].dropna().astype(str).str.strip()
            if len(cells) and cells.str.fullmatch(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?|[+-]?\d+").all():
                rows[name] = pd.to_numeric(rows[name].astype(str).str.strip().str.replace(",", "."), errors="coerce")
                notes.append(f"The column {name} has decimal commas.")
    return _named(rows, path), notes


def _check_cells(path: Path, cells: int) -> None:
    """Raise InputError if a table has too many cells, before they are read: each takes up to 100 bytes of memory."""
    if cells > MOST_CELLS:
        raise InputError(f"{path} has about {cells:,} cells, more than the limit of {MOST_CELLS:,}. It was not read.")


def _check_columns(path: Path, columns: int) -> None:
    """Raise InputError if a table has too many columns: pandas takes a millisecond for each."""
    if columns > MOST_COLUMNS:
        raise InputError(f"{path} has {columns:,} columns, more than the limit of {MOST_COLUMNS:,}. It was not read.")


def _decoded(content: bytes, path: Path) -> tuple[str, list[str]]:
    """The text of a file: UTF-8, UTF-16 with its mark, else Windows' Western European encoding."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16"), []
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), [f"{path.name} is not UTF-8; read as Windows-1252."]


def _named(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with the names of columns as text without spaces around them."""
    rows = rows.rename(columns=lambda name: str(name).strip())
    if rows.columns.has_duplicates:
        name = rows.columns[rows.columns.duplicated()][0]
        raise InputError(f"{path} has more than one column {name!r}. Rename one of them.")
    return rows
