"""Line breaks on a terminal: between words, and in a name that is longer than a line where its parts meet."""

import re
import shutil
import unicodedata
from collections.abc import Iterator

PLACES = [  # where a line may end, the best place first
    # After a space, but not before ± or between a number and its unit.
    re.compile(r"(?<=\s)(?![%±]|(?<=\d )(?:s|min|h|points?|[KMG]i?B)\b)"),
    re.compile(r"(?=\+)|(?<=,)"),  # between the changes in the name of a variant
    *map(re.compile, (r"(?<=/)", r"(?<==)", r"(?<=\.)", r"(?<=[_:-])")),
]
UNIT = 8  # characters after a break that decide whether a unit follows


def breaks(line: str, width: int) -> list[int]:
    """The offsets at which a line is broken into lines of at most `width` columns, without spaces at their ends."""
    offsets, start = [], 0
    while (end := _end(line, start, width)) < len(line):
        start = _best(line, start, end)
        offsets.append(start)
    return offsets


def _end(line: str, start: int, width: int) -> int:
    """Offset of the first character that does not fit; a space may exceed the width."""
    used = 0
    for index in range(start, len(line)):
        used += columns(line[index])
        if used > max(width, 1) and not line[index:].isspace():
            return max(index, start + 1)
    return len(line)


def _best(line: str, start: int, end: int) -> int:
    """Offset of the best break after `start`, at most `end`."""
    if PLACES[0].match(line, end + 1):
        return end + 1
    for place in PLACES:
        offsets = [match.start() for match in place.finditer(line, start + 1, end + UNIT)]
        if fitting := [offset for offset in offsets if offset <= end and line[start:offset].strip()]:
            return fitting[-1]
    return end


def columns(char: str) -> int:
    """Columns of a character on a terminal."""
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, width: int) -> str:
    """Break lines of more than `width` columns; the indentation of a line is repeated."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def _parts(line: str, width: int) -> Iterator[str]:
    indent = line[: len(line) - len(line.lstrip())]
    if len(indent) > width // 2 or len(line) <= width // 2:  # nothing to do, or no space for it
        indent = ""
    content = line[len(indent) :]
    offsets = breaks(content, width - len(indent))
    for start, end in zip([0, *offsets], [*offsets, len(content)], strict=True):
        part = content[start:end]
        yield indent + (part.rstrip() if end < len(content) else part)


def terminal_width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size().columns
