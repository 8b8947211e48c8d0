"""Tables as spreadsheets, trackers and scripts write them."""

import json

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources import table
from ablate.analysis.sources.any_source import Asked, results
from ablate.analysis.sources.cells import UNSET, texts_of
from ablate.files import delimited
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


def test_json_values_that_are_longer_than_a_piece_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE", 7)
    rows = [{"net": "b\\u00e9a\N{GRINNING FACE}" * n, "seed": 10**n, "acc": None if n else 1e-7} for n in range(9)]
    for name, text in {
        "a.json": json.dumps(rows, indent=1),
        "b.json": json.dumps(rows, ensure_ascii=False),
        "c.jsonl": "\n\n".join(map(json.dumps, rows)),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        read, _ = table.read(tmp_path / name)
        assert [row["net"] for row in rows] == read["net"].tolist() and read["seed"].tolist() == [
            10**n for n in range(9)
        ]
        assert read["acc"].tolist()[0] == 1e-7 and read["acc"].isna().sum() == 8


def test_cells_that_a_row_lacks_are_missing(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"b": "x"}\n{"a": 3, "c": 4}\n')
    read, _ = table.read(tmp_path / "a.jsonl")
    assert list(read) == ["a", "b", "c"]
    assert read.isna().to_numpy().tolist() == [[False, True, True], [True, False, True], [False, True, False]]


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
        ("a.json", b'[{"a":1}', "cannot be read as a table"),
        ("a.json", b'[{"a":1}] {"a":2}', "cannot be read as a table"),
        ("a.json", b'[{"a":"\\ud800"}]', "cannot be read as a table"),
        ("a.json", b"[1,2]", "must hold objects, one per run"),
        ("a.csv", b",".join(b"c%d" % n for n in range(5001)) + b"\n1\n", "5,001 columns, more than the limit of 5,000"),
        ("a.json", b"[" + b",".join(b'{"k%d":1}' % n for n in range(3000)) + b"]", "9,000,000 cells"),
        ("a.csv", b"a" + b",b" * 2_000_001, "its header has more than"),
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


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,0,0.5,7", "b,0,0.6,8"], "row 1 has 4 cells, the header 3"),  # pandas: an index, all columns shifted
        (["a,0,0.5,", "b,0,0.6,"], "row 1 has 4 cells, the header 3"),
        (["a,0,0.5", "", "b,0,0.6,8"], "row 2 has 4 cells, the header 3"),
        (["a,0,0.5", "b,0"], "row 2 has 2 cells, the header 3"),
        (["a", "b"], "row 1 has 1 cell, the header 3"),
        (["a,0,0,5", "b,0,0,6"], "row 1 has 4 cells, the header 3"),  # decimal commas
    ],
)
@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), ("\t", "utf-16"), (";", "cp1252")])
def test_a_row_of_another_length_than_the_header_is_refused(tmp_path, rows, message, separator, encoding):
    text = "\n".join(["net,seed,acc", *rows, ""]).replace(",", separator)
    (tmp_path / "a.csv").write_text(text, encoding=encoding)
    with pytest.raises(InputError, match=message):
        table.read(tmp_path / "a.csv")


def test_quoted_separators_and_blank_lines_change_no_length(tmp_path):
    (tmp_path / "a.csv").write_text('\nnet,seed,acc\n"a,\n1",0,0.5\n\n  \nb,0,\n')
    rows, _ = table.read(tmp_path / "a.csv")
    assert rows["net"].tolist() == ["a,\n1", "b"] and rows["acc"].isna().tolist() == [False, True]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json", "a.jsonl", "a.parquet"])
def test_levels_that_mean_missing_elsewhere_stay_as_they_are_written(tmp_path, name):
    words = ["None", "NA", "null", "nan", "N/A", "#N/A", None]
    frame = pd.DataFrame({"norm": words, "dropout": ["0.0", "0.10", "NA", "0", "1e-1", "null", None], "acc": 0.5})
    if name.endswith("parquet"):
        frame.to_parquet(tmp_path / name)
    elif "json" in name:
        (tmp_path / name).write_text(frame.to_json(orient="records", lines=name.endswith("l")))
    else:
        frame.to_csv(tmp_path / name, index=False, sep="\t" if name.endswith("tsv") else ",")
    rows, _ = table.read(tmp_path / name)
    assert texts_of(rows["norm"]).tolist() == [*words[:-1], UNSET]
    if name.endswith("sv"):  # numbers stay numbers among such texts
        assert texts_of(rows["dropout"]).tolist() == ["0", "0.1", "NA", "0", "0.1", "null", UNSET]


def test_decimal_commas_among_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text("net;acc\na;0,5\nb;NA\nc;1\n")
    rows, notes = table.read(tmp_path / "a.csv")
    assert rows["acc"].tolist() == [0.5, "NA", 1.0] and notes == ["The column acc has decimal commas."]


@pytest.mark.parametrize(("name", "taken"), [("r.csv", "r"), ("r.csv", "r/report"), (".csv", ".csv")])
def test_a_file_in_the_place_of_the_report_is_named(tmp_path, name, taken):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("hello")
    (tmp_path / name).write_text(COMMA)
    with pytest.raises(InputError, match=f"but {tmp_path / taken} is a file"):
        results(tmp_path / name, Asked(metric="acc", seed="seed"))
