"""A table of runs -> data frame: CSV (any common separator, decimal comma, encoding), Parquet, JSON lines."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis.sources.cells import is_missing, with_text_names
from ablate.files import bounded, delimited, parquet
from ablate.files.delimited import pieces
from ablate.files.parquet import LARGEST, MOST_CELLS, MOST_COLUMNS
from ablate.runs import json_file
from ablate.terminal.errors import InputError

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json")
DECIMAL_COMMA = r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?|[+-]?\d+"
SPACES, COMMAS = re.compile(r"\s*"), re.compile(r"[\s,]*")  # between values in JSON lines, and in a list
# Numbers as they are written: the default of pandas 3, which deprecates the argument.
EXACT: Any = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}


def is_table(path: Path) -> bool:
    """Whether a path is a file with the name of a table."""
    return _suffix(path) in SUFFIXES and path.is_file()


def _suffix(path: Path) -> str:
    """In lower case; `.csv` also of a file that is called `.csv`."""
    return f".{path.name.rpartition('.')[2]}".lower()


def read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a table.

    Returns:
        The rows, and sentences on what was assumed of the file.

    Raises:
        InputError: the file is missing, too large, empty, or not a table.
    """
    path = Path(path)
    suffix = _suffix(path)
    try:
        if suffix == ".parquet":
            rows, notes = parquet.read(path)
            return with_text_names(rows, path), notes
        content = bounded.contents(path, LARGEST)
        if suffix in (".jsonl", ".ndjson", ".json"):
            return with_text_names(_json_rows(content, path), path), []
        return _csv(content, path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path} does not exist.") from None
    except ImportError:
        raise InputError(f"{path}: reading Parquet needs the package pyarrow: pip install pyarrow.") from None
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, csv.Error, pd.errors.ParserError) as error:  # also those of pyarrow
        raise InputError(f"{path} cannot be read as a table ({str(error).splitlines()[0]:.200}).") from None


def _json_rows(content: bytes, path: Path) -> pd.DataFrame:
    """Rows of JSON lines (one object per line), or of one list of objects."""
    encoding = delimited.encoding(content, path, LARGEST)
    _check_cells(path, sum(text.count(word) for text in pieces(content, encoding) for word in ",[{"))
    escapes = any("\\u" in text for text in pieces(content, encoding))
    columns: dict[str, list[Any]] = {}  # not a dict per row, which takes more memory than its cells
    count = 0
    for row in _json_values(pieces(content, encoding)):
        if not isinstance(row, dict):
            raise InputError(f'{path} must hold objects, one per run, such as {{"model": "cnn", "acc": 0.93}}.')
        if escapes:  # half a surrogate pair could not be written anywhere
            json_file.check_surrogates(row)
        for name, value in row.items():
            cells = columns.setdefault(name, [])
            cells += [None] * (count - len(cells))
            cells.append(value)
        count += 1
        _check_columns(path, len(columns))
    _check_cells(path, len(columns) * count)
    for name, cells in columns.items():
        cells += [None] * (count - len(cells))
        columns[name] = pd.Series(cells)
    return pd.DataFrame(columns, index=range(count))


def _json_values(pieces: Iterable[str]) -> Iterator[Any]:
    """The values of JSON lines, or of one list, each decoded on its own."""
    decoder, text, is_list, closed = json.JSONDecoder(), "", False, False
    for first, piece in zip(chain([True], repeat(False)), chain(pieces, [None]), strict=False):
        text += piece or ""
        at = _after(SPACES, text, 0)
        if first and (is_list := text.startswith("[", at)):
            at += 1
        while (at := _after(COMMAS if is_list else SPACES, text, at)) < len(text):
            if closed:
                raise ValueError("text after the end of the list")
            if is_list and (closed := text[at] == "]"):
                at += 1
                continue
            try:
                value, at = decoder.raw_decode(text, at)
            except json.JSONDecodeError:
                if piece is None:
                    raise
                break  # the rest of the value is in the next piece
            yield value
        text = text[at:]
    if is_list and not closed:
        raise ValueError("a list without its end")


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what may stand between values has ended."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _csv(content: bytes, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Rows of a CSV file: the separator is the most frequent one of its header, decimals may have a comma."""
    encoding = delimited.encoding(content, path, LARGEST)
    notes = [f"{path.name} is not UTF-8; read as Windows-1252."] if encoding == "cp1252" else []
    names, separator = delimited.header(content, encoding, path)
    _check_cells(path, sum(text.count(end) for text in pieces(content, encoding) for end in (separator, "\n", "\r")))
    _check_columns(path, len(names))
    delimited.check_names(names, path)
    # From bytes: a text of Python takes up to four bytes per character. Rows of other lengths than the header would be
    # shifted or cut, and are refused below. NA, None and the like are text, since they may be different levels.
    rows = pd.read_csv(
        io.BytesIO(content), sep=separator, skipinitialspace=True, encoding=encoding, encoding_errors="replace",
        index_col=False, usecols=range(len(names)), keep_default_na=False, na_values=[""], low_memory=False, **EXACT
    )  # fmt: skip
    delimited.check_lengths(content, encoding, separator, path)
    for name in rows.columns[rows.dtypes.map(pd.api.types.is_string_dtype)]:
        missing = is_missing(rows[name])
        texts = rows[name][~missing].astype(str).str.strip()
        others = rows[name][missing].dropna().astype(object)  # NA, None and the like
        has_commas = separator != "," and texts.str.contains(",").any() and texts.str.fullmatch(DECIMAL_COMMA).all()
        if not has_commas and others.empty:
            continue
        numbers = pd.to_numeric(texts.str.replace(",", ".") if has_commas else texts, errors="coerce")
        if len(numbers) and numbers.notna().all():
            rows[name] = pd.concat([numbers.astype(object), others]) if len(others) else numbers
            notes += [f"The column {name} has decimal commas."] if has_commas else []
    return with_text_names(rows, path), notes


def _check_cells(path: Path, cells: int) -> None:
    """Raise InputError if a table has too many cells, before they are read: each takes up to 100 bytes of memory."""
    if cells > MOST_CELLS:
        raise InputError(f"{path} has about {cells:,} cells, more than the limit of {MOST_CELLS:,}. It was not read.")


def _check_columns(path: Path, columns: int) -> None:
    """Raise InputError if a table has too many columns: pandas takes a millisecond for each."""
    if columns > MOST_COLUMNS:
        raise InputError(f"{path} has {columns:,} columns, more than the limit of {MOST_COLUMNS:,}. It was not read.")
