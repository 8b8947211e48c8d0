"""`looks.jsonl`: the looks at the results of a study, one per line.

A report is a look if it shows a result that no earlier report showed, or excludes seeds that no earlier one excluded.
The same report again is not a look, nor is a report after a run was damaged or deleted. If looks decide whether more
seeds are run, they raise the rate of false claims.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec
from filelock import FileLock

from ablate.files import atomic, bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Record

FILE = "looks.jsonl"
LARGEST = 32 * bounded.MIB  # bytes: 1.7 million results, which take 125 MiB of memory
LONGEST = 2 * bounded.MIB  # bytes of a line: 100,000 results
DIGITS = 16  # of a hash: enough to tell the results of a study apart
Shown = Annotated[str, msgspec.Meta(min_length=DIGITS, max_length=DIGITS)]


class Look(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A look at the results of a study.

    Attributes:
        time: when.
        results: number of runs with a result.
        planned: number of planned runs.
        seeds: largest number of seeds of a variant.
        shown: hash of each result, by which a result that is shown again is recognized.
        excluded: {seed: reason} of the seeds that were excluded after the study was planned.
    """

    schema: int = json_file.SCHEMA
    time: str
    results: Count
    planned: Count
    seeds: Count
    shown: list[Shown]
    excluded: dict[int, str] = msgspec.field(default_factory=dict)


def record(
    study: Path, results: Sequence[object], planned: int, seeds: int, excluded: Mapping[int, str] | None = None
) -> tuple[list[Look], int]:
    """Append a look to the study's log if it shows a result, or excludes seeds, as no earlier look did.

    Args:
        study: its folder.
        results: one identifier per shown result; its text must be unique to the result.
        planned: number of planned runs.
        seeds: largest number of seeds on which a variant is compared.
        excluded: {seed: reason} of the seeds that the report excludes.

    Returns:
        The looks that showed some of these results, up to the one after which all had been shown, and later ones that
        excluded seeds; and the number of looks before it that showed none of them, because all of their runs were
        replaced since.

    Raises:
        OSError: the log cannot be read or written.
    """
    shown = [sha256(str(result).encode()).hexdigest()[:DIGITS] for result in results]
    if not shown:
        return [], 0
    with FileLock(study / f".{FILE}.lock"):
        looks, excluded = read(study), dict(excluded or {})
        known = {result for look in looks if look.excluded.keys() == excluded.keys() for result in look.shown}
        if not excluded:
            known = {result for look in looks for result in look.shown}
        if not {*shown} <= known:
            time = datetime.now(UTC).isoformat(timespec="seconds")
            look = Look(time=time, results=len(shown), planned=planned, seeds=seeds, shown=shown, excluded=excluded)
            with (study / FILE).open("ab") as file:
                file.write(atomic.to_json(msgspec.to_builtins(look)).encode() + b"\n")
            looks.append(look)
    return _looks_at({*shown}, looks)


def _looks_at(shown: set[str], looks: Sequence[Look]) -> tuple[list[Look], int]:
    """See the return value of `record`."""
    unseen, counted, others = set(shown), [], 0
    for look in looks:
        if not unseen and not look.excluded:
            continue
        if shown.isdisjoint(look.shown):
            others += bool(unseen)
            continue
        counted.append(look)
        unseen -= {*look.shown}
    return counted, others


def read(study: Path) -> list[Look]:
    """The looks at a study, the first one first; lines that are damaged are skipped."""
    looks = []
    try:
        for line in bounded.lines(study / FILE, LARGEST, LONGEST):
            with suppress(ValueError, RecursionError, msgspec.ValidationError):
                looks.append(msgspec.convert(json.loads(line), Look, str_keys=True))
    except FileNotFoundError:
        pass
    return looks
