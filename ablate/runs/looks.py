"""`looks.jsonl`: every look at the results of a study that a report was made of, one per line.

A report of the same results again is the same look. Looks that decide whether more seeds are run raise the rate of
false claims.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from filelock import FileLock

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Record

FILE = "looks.jsonl"
LARGEST = 4 * bounded.MIB  # bytes: 20,000 looks
LONGEST = 4 * bounded.KIB  # bytes of a line


class Look(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A look: when, at how many of the planned runs, and at how many seeds of the variant that had most.

    `results_sha256` is a hash of the results, by which a repeated look is recognized.
    """

    schema: int = json_file.SCHEMA
    time: str
    results: Count
    planned: Count
    seeds: Count
    results_sha256: str


def record(study: Path, results: int, planned: int, seeds: int, results_sha256: str) -> list[Look]:
    """Append a look to the study's log, unless these results were looked at before; returns all looks up to this one.

    Raises:
        OSError: the log cannot be read or written.
    """
    path = study / FILE
    with FileLock(study / f".{FILE}.lock"):
        looks = read(study)
        for place, look in enumerate(looks, 1):
            if look.results_sha256 == results_sha256:
                return looks[:place]
        time = datetime.now(UTC).isoformat(timespec="seconds")
        look = Look(time=time, results=results, planned=planned, seeds=seeds, results_sha256=results_sha256)
        with path.open("ab") as file:
            file.write(json.dumps(msgspec.to_builtins(look)).encode() + b"\n")
        return [*looks, look]


def read(study: Path) -> list[Look]:
    """The looks at a study, the first one first; lines that are damaged are skipped."""
    looks = []
    try:
        for line in bounded.lines(study / FILE, LARGEST, LONGEST):
            with suppress(ValueError, RecursionError, msgspec.ValidationError):
                looks.append(msgspec.convert(json.loads(line), Look))
    except FileNotFoundError:
        pass
    return looks
