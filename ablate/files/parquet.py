"""A Parquet file -> data frame, read in a process with a memory limit: a small file can describe a huge table.

Sizes that the file itself states are not relied on: a page may unpack to more, and one text may stand for many cells.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.files import bounded
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LARGEST = 32 * bounded.MIB  # bytes, of the file and of its cells
MOST_CELLS = 2_000_000
MOST_COLUMNS = 5_000
MEMORY = 160 * bounded.MIB  # bytes of the process, beyond the imported packages
SECONDS = 120
INDEX = r"__index_level_\d+__"  # columns in which pandas keeps the index of a frame
REFUSED = 2  # exit status of the process
# With the import path of this process, not with the current folder on it.
COMMAND = (
    "import json, sys; path, columns = sys.argv.pop(), json.loads(sys.argv.pop()); sys.path[:] = sys.argv[1:];"
    " from {} import main; main(path, columns)"
)


def read(path: Path) -> tuple["pd.DataFrame", list[str]]:
    """Read a Parquet file as a data frame.

    Returns:
        The rows, and sentences on columns that were left out: lists, objects, bytes.

    Raises:
        InputError, ImportError: as for `read_columns`.
    """
    table, others = read_columns(path)
    notes = [f"Columns that hold lists, objects or bytes were not read: {', '.join(others)}."] if others else []
    return table.to_pandas(), notes


def read_columns(path: Path, columns: Sequence[str] | None = None) -> tuple["pa.Table", list[str]]:
    """Read columns of a Parquet file: those among `columns` that it has, by default all.

    Returns:
        The columns, and the names of those that were left out: of other names, or lists, objects and bytes.

    Raises:
        InputError: the file is not valid, has too many cells, or takes too much memory.
        ImportError: pyarrow is not installed.
    """
    import pyarrow as pa

    with bounded.open_regular(path) as file:
        bounded.check(path, "has", os.fstat(file.fileno()).st_size, LARGEST)
        words = [COMMAND.format(__name__), *sys.path, json.dumps(columns), str(path)]
        environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # others reserve memory in advance
        try:
            process = subprocess.run(
                [sys.executable, "-P", "-c", *words],
                stdin=file,
                capture_output=True,
                timeout=SECONDS,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"{path} was not read within {SECONDS} s.") from None
    if process.returncode == REFUSED:
        raise InputError(process.stderr.decode(errors="replace").strip())
    if process.returncode:
        raise InputError(f"{path} cannot be read as a Parquet file with {MEMORY // bounded.MIB} MiB of memory.")
    table = pa.ipc.open_stream(process.stdout).read_all()
    return table, json.loads((table.schema.metadata or {}).get(b"left out", b"[]"))


def main(path: str, columns: Sequence[str] | None) -> None:
    """Write `columns` of the table on standard input to standard output, in Arrow's format. Messages name `path`."""
    import pyarrow as pa

    content = sys.stdin.buffer.read(LARGEST)
    if sys.platform == "linux":
        _limit_memory()
    try:
        table = _table(content, path, columns)
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
    except InputError as error:
        print(error, file=sys.stderr)
    except (OSError, ValueError, MemoryError, NotImplementedError) as error:  # also those of pyarrow
        reason = (str(error).splitlines() or ["not enough memory"])[0]
        print(f"{path} cannot be read as a table ({reason:.200}).", file=sys.stderr)
    else:
        return
    sys.stderr.flush()
    os._exit(REFUSED)


def _table(content: bytes, path: str, wanted: Sequence[str] | None) -> "pa.Table":
    """The wanted columns of numbers, text, booleans and times."""
    import pyarrow as pa
    from pyarrow import parquet

    file = parquet.ParquetFile(io.BytesIO(content), pre_buffer=False)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    fields = [field for field in schema if not re.fullmatch(INDEX, field.name)]
    plain = [field.name for field in fields if _is_plain(field.type) and (wanted is None or field.name in wanted)]
    others = [field.name for field in fields if field.name not in plain]
    for count, what, most in (
        (len(schema), "columns", MOST_COLUMNS),
        (rows * len(plain), "cells", MOST_CELLS),
    ):
        if count > most:
            raise InputError(f"{path} has {count:,} {what}, more than the limit of {most:,}. It was not read.")
    # Each different text once, however many cells have it.
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    file = parquet.ParquetFile(io.BytesIO(content), pre_buffer=False, read_dictionary=texts)
    table = file.read(columns=plain, use_threads=False)
    table.validate(full=True)
    bounded.check(Path(path), "would unpack to", sum(map(_unpacked, table.columns)), LARGEST)
    columns = [_simple(column) for column in table.columns]
    return pa.table(columns, names=table.column_names, metadata={b"left out": json.dumps(others).encode()})


def _is_plain(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
                or pa.types.is_fixed_size_binary(kind))  # fmt: skip


def _simple(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The column as numbers, booleans or text: pandas has a Python object for each cell of any other type."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return _simple(column.cast(column.type.value_type))
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64())
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null, pa.types.is_string)
    return column if any(is_kind(column.type) for is_kind in kinds) else column.cast(pa.string())


def _unpacked(column: "pa.ChunkedArray") -> int:
    """Bytes of a column with each cell written out."""
    import pyarrow as pa
    from pyarrow import compute

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = (compute.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
    return sum(compute.sum(one).as_py() or 0 for one in lengths) + 8 * len(column)


def _limit_memory() -> None:
    """Fail to allocate more than `MEMORY` from here on."""
    import resource

    lines = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
    used = next(int(line.split()[1]) * bounded.KIB for line in lines if line.startswith("VmData:"))
    resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
