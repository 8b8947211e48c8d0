"""Records in JSON, JSON lines and YAML, and learning curves."""

import json

from tests.faults.attacks import MIB, Attack

CURVES: dict[str, Attack] = {
    "many rows": lambda _: b"epoch\n" + b"1\n" * (8 * MIB - 3),
    "many rows of all columns": lambda good: good + good.splitlines(keepends=True)[1] * 60_000,
    "empty cells": lambda good: good.splitlines(keepends=True)[0] + b",,,,,,,,,\n" * 1_500_000,
    "many columns": lambda _: b",".join(b"%d" % n for n in range(1_800_000)) + b"\n" + b"1," * 10**6 + b"1\n",
    "the same column": lambda _: b"epoch," * 2 * MIB + b"epoch\n",
    "one long line": lambda _: b"epoch\n" + b"1" * 15 * MIB,
    "no line break": lambda _: b"\xff" * 15 * MIB,
    "many empty lines": lambda _: b"\n" * 15 * MIB,
    "more than the limit": lambda _: b"epoch\n" + b"1\n" * 50 * MIB,
}


def inserted(key: str, value: str, more: int = 0) -> Attack:
    """Give a JSON object a key with this value, as text."""
    return lambda good: good.rstrip()[:-1] + f', "{key}": {value}'.encode() + b"}" + b" " * more


def repeated(text: str, size: int) -> str:
    """A JSON list of as many as fit."""
    return "[" + text * (size // len(text)) + text.rstrip(",") + "]"


def json_attacks(size: int) -> dict[str, Attack]:
    """Attacks on a JSON file of at most so many bytes, 1 KiB of which may be honest."""
    size -= 8192
    return {
        "empty lists": inserted("error", repeated("[],", size)),
        "empty objects": inserted("error", repeated("{},", size)),
        "numbers": inserted("error", repeated("1000,", size)),
        "text": inserted("error", repeated('"ab",', size)),
        "keys": inserted("factors", "{" + ",".join(f'"{n:x}":""' for n in range(size // 12)) + "}"),
        "depth": inserted("error", "[" * (size // 2) + "]" * (size // 2)),
        "one long text": inserted("error", '"' + "x" * size + '"'),
        "wide text": inserted("error", '"' + "\N{GRINNING FACE}" * (size // 5) + '"'),
        "escaped wide text": inserted("error", '"' + "\\ud83d\\ude00" * (size // 12) + '"'),
        "a long number": inserted("error", "1" * size),
        "spaces": inserted("error", "null", size),
        "not JSON": lambda _: b"[" * size,
    }


def plan_of(size: int) -> dict[str, Attack]:
    """Attacks on study.json through its own keys."""

    def runs(good: bytes) -> bytes:
        plan = json.loads(good)
        count = size // 100
        plan["runs"] = [
            {"variant": f"{n:x}", "factors": {}, "seed": 0, "folder": f"{n:x}", "config_sha256": ""}
            for n in range(count)
        ]
        return json.dumps(plan, separators=(",", ":")).encode()

    def factors(good: bytes) -> bytes:
        plan = json.loads(good)
        return json.dumps(
            {**plan, "factors": {f"{n:x}": [] for n in range(size // 16)}}, separators=(",", ":")
        ).encode()

    def settings(good: bytes) -> bytes:
        plan = json.loads(good)
        return json.dumps({**plan, "settings": {"a": [[]] * (size // 5)}}, separators=(",", ":")).encode()

    return {"runs": runs, "factors": factors, "settings": settings}


def classes(good: bytes) -> bytes:
    """A record of as many classes as fit."""
    record = json.loads(good)
    return json.dumps({**record, "classes": ["", *"a" * 65_000]}, separators=(",", ":")).encode()


USES: dict[str, Attack] = {
    "other runs": lambda _: b"".join(b'{"schema":1,"run":"%x","time":"t"}\n' % n for n in range(440_000)),
    "looks": lambda _: b"".join(b'{"schema":1,"run":"a","time":"t","look":"%x"}\n' % n for n in range(340_000)),
    "empty lines": lambda _: b"{\n" * 8 * MIB,
    "a long line": lambda _: b'{"schema":1,"run":"' + b"x" * 15 * MIB,
    "lists": lambda _: b"[" + b"[]," * 5 * MIB + b"[]]",
    "more than the limit": lambda _: bytes(100 * MIB),
}
LOOK = b'{"schema":1,"time":"","results":0,"planned":0,"seeds":0,"shown":[%s]}\n'
LOOKS: dict[str, Attack] = {
    "looks": lambda _: b"".join(LOOK % b'"%016x"' % n for n in range(400_000)),
    "results": lambda _: b"".join(
        LOOK % b",".join(b'"%016x"' % (n * 2**20 + m) for m in range(100_000)) for n in range(17)
    ),
    "short results": lambda _: b"".join(LOOK % (b'"\\u00%02x",' % n * 200_000)[:-1] for n in range(160, 176)),
    "lists": lambda _: b"".join(LOOK % (b"[]," * 600_000)[:-1] for _ in range(17)),
    "keys": lambda _: b"{" + b",".join(b'"%x":0' % n for n in range(190_000)) + b"}\n",
    "a long line": lambda _: b'{"time":"' + b"x" * 3 * MIB,
    "more than the limit": lambda _: bytes(100 * MIB),
}
SETTINGS: dict[str, Attack] = {
    "empty lists": lambda good: good + b"more: [" + b"[]," * 19_000 + b"]\n",
    "numbers": lambda good: good + b"more: [" + b"1," * 28_000 + b"]\n",
    "keys": lambda good: good + b"".join(b"k%d: 1\n" % n for n in range(5_500)),
    "aliases": lambda good: good + b"a: &a [x,x]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (n, n) for n in range(50)),
    "interpolations": lambda good: good + b"x0: " + b"x" * 30_000 + b"\n"
    + b"".join(b"x%d: ${x%d}${x%d}\n" % (n, n - 1, n - 1) for n in range(1, 9)),
    "long text": lambda good: good + b"more: " + b"x" * 50_000,
    "depth": lambda good: good + b"more: " + b"[" * 25_000 + b"]" * 25_000,
    "more than the limit": lambda _: b"a: [" + b"[]," * 10 * MIB + b"]",
}  # fmt: skip
