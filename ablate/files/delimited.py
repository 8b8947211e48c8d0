"""The text of a delimited file (CSV, TSV): its encoding, its separator and its header."""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ablate.files import bounded
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

LONGEST_HEADER = bounded.MIB  # characters
PIECE = bounded.MIB  # characters
SEPARATORS = ",;\t|"


def encoding(content: bytes, path: Path, largest: int) -> str:
    """The encoding of a file: UTF-8, UTF-16 with its mark, else Windows' Western European one, `cp1252`.

    Raises:
        InputError: it is UTF-16, which takes more memory, and has more than half of `largest` bytes.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        bounded.check(path, "is UTF-16 and has", len(content), largest // 2)
        return "utf-16"
    try:
        for _ in pieces(content, "utf-8-sig", errors="strict"):
            pass
        return "utf-8-sig"
    except UnicodeDecodeError:
        return "cp1252"


def pieces(content: bytes, encoding: str, errors: str = "replace") -> Iterator[str]:
    """The text of a file in pieces, since it takes up to four bytes per character."""
    with as_text(content, encoding, newline="", errors=errors) as file:
        yield from iter(partial(file.read, PIECE), "")


def as_text(content: bytes, encoding: str, newline: str | None, errors: str = "replace") -> io.TextIOWrapper:
    """The content as a file of text."""
    return io.TextIOWrapper(io.BytesIO(content), encoding, errors, newline)


def header(content: bytes, encoding: str, path: Path) -> tuple[list[str], str]:
    """The names of the columns, as written, and the separator: the most frequent one of the first line with text.

    Raises:
        InputError: the file is empty, or its header is too long.
    """
    with as_text(content, encoding, newline=None) as file:
        line = next((line for line in iter(partial(file.readline, LONGEST_HEADER), "") if line.strip()), "")
    if not line:
        raise InputError(f"{path} is empty.")
    if len(line) == LONGEST_HEADER:
        raise InputError(f"{path}: its header has more than {LONGEST_HEADER:,} characters. It was not read.")
    separator = max(SEPARATORS, key=line.count)
    if separator not in line:
        separator = ","
    return next(csv.reader([line], delimiter=separator)), separator


def check_lengths(content: bytes, encoding: str, separator: str, path: Path) -> None:
    """Raise InputError if a row has more or fewer cells than the header. Blank lines are not rows."""
    with as_text(content, encoding, newline="") as file:
        cells = csv.reader(file, delimiter=separator, skipinitialspace=True)
        lengths = (len(row) for row in cells if len(row) > 1 or any(cell.strip() for cell in row))
        columns = next(lengths, 0)
        for number, length in enumerate(lengths, 1):
            if length != columns:
                raise InputError(
                    f"{path}: row {number} has {plural(length, 'cell')}, the header {columns}. Every row needs a cell"
                    " for each column of the header; quote a cell that contains the separator."
                )


def check_names(names: list[str], path: Path) -> None:
    """Raise InputError if two columns have one name."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path} has more than one column {twice[0]!r}. Rename one of them.")
