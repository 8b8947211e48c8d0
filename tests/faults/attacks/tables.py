"""Tables of runs: CSV, JSON lines, JSON and Parquet."""

import io
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tests.faults.attacks import MIB, Attack

RUNS = 58_000  # fewer than the limit
random = Random(0)


def short(number: int) -> str:
    return f"{random.getrandbits(20):x}"


def long(size: int) -> Callable[[int], str]:
    return lambda number: f"{random.getrandbits(120):030x}" * (size // 30)


def rows(count: int, columns: int, cell: Callable[[int], Any]) -> list[dict[str, Any]]:
    """Runs of two networks with so many further columns."""
    more = [f"c{number}" for number in range(columns)]
    return [
        {
            "net": "ab"[number % 2],
            "seed": number // 2,
            "acc": number % 997 / 1000,
            **{name: cell(number) for name in more},
        }
        for number in range(count)
    ]


def csv(content: list[dict[str, Any]], separator: str = ",") -> str:
    lines = [separator.join(map(str, row.values())) for row in content]
    return "\n".join([separator.join(content[0]), *lines]) + "\n"


def json_lines(content: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, content)).encode()


def packed(more: dict[str, Any], **options: Any) -> bytes:
    """A Parquet file of runs with further columns."""
    runs = {"net": ["a", "b"] * (RUNS // 2), "seed": [number // 2 for number in range(RUNS)], "acc": [0.5] * RUNS}
    parquet.write_table(pa.table({**runs, **more}), content := io.BytesIO(), **options)
    return content.getvalue()


EMOJI = "\N{GRINNING FACE}"  # with it, Python keeps a text in four bytes per character
CSV: dict[str, Attack] = {
    "long text": lambda _: csv(rows(28_000, 1, long(1100))).encode(),
    "long text and a wide character": lambda _: (csv(rows(28_000, 1, long(1100))) + f"a,99999,0.1,{EMOJI}\n").encode(),
    "text of 30 characters": lambda _: csv(rows(34_000, 28, long(30))).encode(),
    "short text": lambda _: csv(rows(RUNS, 29, short)).encode(),
    "wide text": lambda _: csv(rows(8_000, 1, lambda number: EMOJI * 1000 + str(number))).encode(),
    "UTF-16": lambda _: csv(rows(7_900, 1, lambda number: "\u4e2d" * 1000 + str(number))).encode("utf-16"),
    "more UTF-16": lambda _: csv(rows(15_000, 1, lambda number: "\u4e2d" * 1000 + str(number))).encode("utf-16"),
    "Windows-1252": lambda _: (csv(rows(28_000, 1, long(1100))) + "a,99999,0.1,\xe9\n").encode("cp1252"),
    "one cell": lambda _: b"net,seed,acc\na,0," + b"x" * 30 * MIB + b"\n",
    "a long header": lambda _: b"net,seed," + b"x" * 30 * MIB + b"\na,0,1\n",
    "rows without cells": lambda _: b"net,seed,acc\n" + b",,\n" * 650_000,
    "semicolons": lambda _: csv(rows(28_000, 1, long(1100)), ";").encode(),
    "more than the limit": lambda _: b"net,seed,acc\n" + b"a,1,1\n" * 50 * MIB,
}
JSON_LINES: dict[str, Attack] = {
    "long text": lambda _: json_lines(rows(26_000, 1, long(1100))),
    "short text": lambda _: json_lines(rows(RUNS, 25, short)),
    "lists": lambda _: json_lines(rows(RUNS, 1, lambda _: [0] * 25)),
    "one long line": lambda _: json_lines(rows(1, 1, lambda _: "x" * 30 * MIB)),
}
JSON: dict[str, Attack] = {
    "short text": lambda _: json.dumps(rows(RUNS, 25, short)).encode(),
    "long text and a wide character": lambda _: json.dumps(
        [*rows(26_000, 1, long(1100)), {"net": EMOJI}], ensure_ascii=False
    ).encode(),
    "escaped text": lambda _: json.dumps(rows(2_500, 1, lambda _: EMOJI * 1000)).encode(),
    "empty objects": lambda _: b"[" + b"{}," * 900_000 + b"{}]",
    "one text": lambda _: json.dumps([{"net": EMOJI * 7 * MIB}], ensure_ascii=False).encode(),
}
PARQUET: dict[str, Attack] = {
    "one text in all rows": lambda _: packed({"t": ["x" * 100_000] * RUNS}),
    "one text in all rows and columns": lambda _: packed({f"t{number}": ["x" * 1000] * RUNS for number in range(30)}),
    "a dictionary": lambda _: packed({"t": pa.array(["x" * 50_000] * RUNS).dictionary_encode()}),
    "short text": lambda _: packed({f"t{n}": [short(0) for _ in range(RUNS)] for n in range(29)}),
    "text that is compressed well": lambda _: packed(
        {"t": [f"{number:0900}" for number in range(RUNS)]}, compression="zstd", use_dictionary=False
    ),
    "one text of 100 MB": lambda _: packed({"t": ["x" * 10**8] + [""] * (RUNS - 1)}, compression="zstd"),
    "lists": lambda _: packed({"t": [[0] * 500] * RUNS}),
    "maps": lambda _: packed({"t": pa.array([[("a", 1)] * 50] * RUNS, pa.map_(pa.string(), pa.int64()))}),
    "bytes": lambda _: packed({"t": pa.array([b"x" * 100_000] * RUNS)}),
    "decimals": lambda _: packed({f"t{n}": pa.array([10**30] * RUNS, pa.decimal128(38)) for n in range(29)}),
    "times": lambda _: packed({f"t{n}": pa.array([n] * RUNS, pa.timestamp("ns", "UTC")) for n in range(29)}),
}
