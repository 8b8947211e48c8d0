"""Tables as spreadsheets and pandas write them."""

from pathlib import Path

import pandas as pd
import pytest

from ablate.data.table_columns import read
from ablate.terminal.errors import InputError

WANTED = {"data.path_column": "path", "data.label_column": "label"}
CELLS = {"data.path_column": ["007", "b c.png", "ü.png"], "data.label_column": ["01", "", "x, y"]}
COMMA = 'id,path,label\n1,007,01\n2,b c.png,NaN\n3,ü.png,"x, y"\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", COMMA.encode()),
        ("bom.csv", b"\xef\xbb\xbf" + COMMA.encode()),
        ("windows.csv", COMMA.replace("\n", "\r\n").encode("cp1252")),
        ("utf16.txt", COMMA.encode("utf-16")),
        ("spaces.csv", COMMA.replace(",", " , ").replace('"x ,  y"', '"x, y"').encode()),
        ("short.csv", COMMA.replace(",NaN", "").encode()),
        ("blank.csv", ("\n" + COMMA.replace("\n", "\n\n")).encode()),
        ("tabs.TSV", 'path\tlabel\n007\t01\nb c.png\t\nü.png\t"x, y"\n'.encode()),
        ("german.csv", "label;path\n01;007\n;b c.png\nx, y;ü.png\n".encode()),
    ],
)
def test_every_form_gives_the_same_text(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name, WANTED) == CELLS


def test_a_parquet_file_gives_the_text_of_its_values(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"path": ["a.png", "b.png"], "label": [3, None], "fold": [1, 2], "box": [[1], [2]]})
    frame.astype({"path": "category"}).to_parquet(path := tmp_path / "a.parquet")
    columns = {**WANTED, "data.group": "fold"}
    expected = {"data.path_column": ["a.png", "b.png"], "data.label_column": ["3.0", ""], "data.group": ["1", "2"]}
    assert read(path, columns) == expected
    with pytest.raises(InputError, match="data.group=box: this column of .* holds lists, objects or bytes"):
        read(path, {"data.group": "box"})
    with pytest.raises(
        InputError, match="data.group=boxes: .*a.parquet has no such column. Did you mean data.group=box"
    ):
        read(path, {"data.group": "boxes"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"path,path,label\n", "more than one column 'path'"),
        ("a.csv", b"paths,label\nx,y\n", r"path_column=path: .* no such column. Did you mean data.path_column=paths\?"),
        ("a.csv", b"x.png,1\ny.png,2\n", r"has no such column. Its columns: x.png, 1\."),
        ("a.csv", b'path,label\n"' + 200_000 * b"x" + b'",1\n', "cannot be read as a table"),
        ("a.parquet", b"PAR1", "a.parquet cannot be read"),
        ("a.xlsx", b"PK", r"not a table: its name must end in .csv, .tsv or .parquet"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name, WANTED)


def test_a_table_that_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "a.csv", "wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="more than the limit"):
        read(tmp_path / "a.csv", WANTED)
    for end in (b"\n", b"\r"):
        (tmp_path / "rows.csv").write_bytes(b"path,label" + end + (b"a,b" + end) * 2_000_001)
        with pytest.raises(InputError, match="rows.csv has about 2,000,002 rows, more than the limit of 2,000,000"):
            read(tmp_path / "rows.csv", WANTED)
    with pytest.raises(InputError, match="cannot be read"):
        (tmp_path / "folder.csv").mkdir()
        read(tmp_path / "folder.csv", WANTED)
