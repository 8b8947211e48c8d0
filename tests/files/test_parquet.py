"""Parquet files as pandas and pyarrow write them, and ones that describe more than they hold."""

import io

import pandas as pd
import pytest

from ablate.analysis.sources import table
from ablate.terminal.errors import InputError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
ROWS = pd.DataFrame({"net": ["a", "b", "a", "b"], "seed": [0, 0, 1, 1], "acc": [0.5, 0.625, 0.25, 0.75]})


def write(path, columns, **options):
    parquet.write_table(pa.table(columns), path, **options)
    return path


def test_a_frame_of_pandas(tmp_path):
    for name, frame in {
        "a": ROWS,
        "b": ROWS.set_index("net", append=True),
        "c": ROWS.astype({"net": "category"}),
    }.items():
        frame.to_parquet(path := tmp_path / f"{name}.parquet")
        pd.testing.assert_frame_equal(table.read(path)[0][list(ROWS)], ROWS, check_dtype=False)
        assert sorted(table.read(path)[0]) == sorted(ROWS)


def test_types_become_numbers_or_text(tmp_path):
    times = pd.to_datetime(["2024-01-02 03:04:05"] * 2)
    path = write(tmp_path / "a.parquet", {
        "d": pa.array([1, None], pa.decimal128(5, 2)), "t": pa.array(times), "b": [True, False],
        "i": pa.array([1, 2], pa.uint8()),
        "day": pa.array(times.date), "text": pa.array(["1.10", None], pa.large_string()), "nothing": pa.nulls(2),
    })  # fmt: skip
    read, notes = table.read(path)
    assert notes == [] and read["d"].tolist()[0] == 1.0 and read["i"].tolist() == [1, 2]
    assert read["t"][0].startswith("2024-01-02 03:04:05") and read["day"][0] == "2024-01-02"
    assert read["text"][0] == "1.10" and pd.isna(read["text"][1]) and read["b"].tolist() == [True, False]


def test_columns_of_lists_objects_and_bytes_are_left_out(tmp_path):
    columns = {**ROWS, "l": [[1]] * 4, "o": [{"a": 1}] * 4, "raw": [b"x"] * 4}
    read, notes = table.read(write(tmp_path / "a.parquet", columns))
    assert list(read) == list(ROWS)
    assert notes == ["Columns that hold lists, objects or bytes were not read: l, o, raw."]


def with_page(content: bytes, size: int) -> bytes:
    """The file, whose first page header states another unpacked size, as a varint of five bytes."""
    at = content.index(b"\x15", 4)  # the type of the page; the size is the next field
    start = content.index(b"\x15", at + 1) + 1
    end = next(place for place in range(start, start + 5) if content[place] < 128) + 1
    value, stated = size * 2, b""
    while value > 127:
        stated, value = stated + bytes([value % 128 + 128]), value >> 7
    return content[:start] + stated + bytes([value]) + content[end:]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"t": ["x" * 100_000] * 10_000}, {}, "would unpack to 1,000,080,000 bytes"),  # one text, many cells
        ({"t": pa.array(["x" * 1000] * 100_000).dictionary_encode()}, {}, "would unpack to"),
        ({f"t{n}": ["x" * 1000] * 2000 for n in range(30)}, {}, "would unpack to"),
        ({"t": ["x" * 10**8]}, {"compression": "zstd"}, "cannot be read"),  # one page of 100 MB
        ({"t": pa.array([0]).take(pa.array([0] * 2_000_001))}, {}, "2,000,001 cells"),
        ({f"t{n}": [0] for n in range(5001)}, {}, "5,001 columns"),
    ],
    ids=["one text", "a dictionary", "columns", "a page", "rows", "many columns"],
)  # fmt: skip
def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, columns, options, message):
    path = write(tmp_path / "a.parquet", columns, **options)
    with pytest.raises(InputError, match=message):
        table.read(path)


def test_what_is_no_table_is_refused_in_a_sentence(tmp_path):
    good = write(tmp_path / "good.parquet", dict(ROWS)).read_bytes()
    for content in (
        b"PAR1",
        b"",
        good[:-20],
        good[:20] + bytes(40) + good[60:],
        b"PAR1" + good[-8:],
        with_page(good, 2**31 - 1),
    ):
        (tmp_path / "a.parquet").write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as a"):
            table.read(tmp_path / "a.parquet")


def test_a_column_that_repeats_is_refused(tmp_path):
    twice = pa.table([pa.array([1]), pa.array([2])], names=["acc", "acc"])
    parquet.write_table(twice, file := io.BytesIO())
    (tmp_path / "a.parquet").write_bytes(file.getvalue())
    with pytest.raises(InputError, match="more than one column 'acc'"):
        table.read(tmp_path / "a.parquet")
