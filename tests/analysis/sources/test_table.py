"""Tables as spreadsheets, trackers and scripts write them."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources import table
from ablate.files import bounded
from ablate.terminal.errors import InputError

ROWS = pd.DataFrame({"net": ["a", "b", "a", "b"], "seed": [0, 0, 1, 1], "acc": [0.5, 0.625, 0.25, 0.75]})
COMMA = "net,seed,acc\na,0,0.5\nb,0,0.625\na,1,0.25\nb,1,0.75\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", COMMA.encode()),
        ("bom.csv", b"\xef\xbb\xbf" + COMMA.encode()),
        ("windows.csv", COMMA.replace("\n", "\r\n").encode()),
        ("utf16.csv", COMMA.encode("utf-16")),
        ("tabs.tsv", COMMA.replace(",", "\t").encode()),
        ("german.csv", COMMA.replace(",", ";").replace(".", ",").encode()),
        ("spaces.csv", COMMA.replace(",", ", ").encode()),
        ("lines.jsonl", ROWS.to_json(orient="records", lines=True).encode()),
        ("list.json", ROWS.to_json(orient="records").encode()),
    ],
)
def test_every_form_gives_the_same_rows(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert table.is_table(tmp_path / name)
    read, _ = table.read(tmp_path / name)
    pd.testing.assert_frame_equal(read, ROWS, check_dtype=False)


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    ROWS.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(table.read(tmp_path / "a.parquet")[0], ROWS, check_dtype=False)


def test_other_encodings_are_read_and_named(tmp_path):
    (tmp_path / "latin.csv").write_bytes("net,acc\ncafé,0.5\n".encode("latin-1"))
    read, notes = table.read(tmp_path / "latin.csv")
    assert read["net"].tolist() == ["café"] and "not UTF-8" in notes[0]


def test_numbers_are_exact(tmp_path):
    values = np.random.default_rng(0).normal(size=200)
    (tmp_path / "a.csv").write_text("acc\n" + "".join(f"{value!r}\n" for value in values.tolist()))
    np.testing.assert_array_equal(table.read(tmp_path / "a.csv")[0]["acc"], values)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.csv", b"acc,acc\n1,2\n", "more than one column 'acc'"),
        ("a.csv", b'a,b\n"1,2\n', "cannot be read as a table"),
        ("a.jsonl", b"{", "cannot be read as a table"),
        ("a.csv", b"n" * 200_000 + b",acc\n1,2\n", "cannot be read as a table"),
        ("a.json", b"[" * 100_000, "cannot be read as a table"),
        ("a.json", b'[{"a":"\\ud800"}]', "cannot be read as a table"),
        ("a.json", b"[1,2]", "must hold objects, one per run"),
        ("a.csv", b",".join(b"c%d" % n for n in range(5001)) + b"\n1\n", "5,001 columns, more than the limit of 5,000"),
        ("a.json", b"[" + b",".join(b'{"k%d":1}' % n for n in range(3000)) + b"]", "9,000,000 cells"),
        ("a.parquet", b"PAR1", "cannot be read as a table"),
        ("none.csv", None, "does not exist"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        table.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("columns.csv", b"a" + b",b" * 2_000_001),
        ("rows.csv", b"acc\n" + b"1\n" * 2_000_001),
        ("rows.csv", b"acc\r" + b"1\r" * 2_000_001),
        ("lists.json", b'[{"a":[' + b"[]," * 2_000_001 + b"[]]}]"),
        ("wide.csv", "acc\n".encode("utf-16") + "1\n".encode("utf-16-le") * 2_000_001),
    ],
)
def test_more_cells_than_the_limit_are_not_read(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="more than the limit of 2,000,000"):
        table.read(tmp_path / name)


def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": np.zeros(10**6)}).to_parquet(tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    monkeypatch.setattr(table, "LARGEST", bounded.MIB)
    with pytest.raises(InputError, match="would unpack to"):
        table.read(tmp_path / "a.parquet")
