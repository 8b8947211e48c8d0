"""The image files that a person names: by their paths, by folders, or in a list on standard input."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablate.data.walk import files
from ablate.terminal.errors import InputError

NAMED = 5  # files an error names; the others it counts


def listed(words: Iterable[str]) -> list[str]:
    """The paths that are given; those on standard input in place of a -. InputError if there is none."""
    paths = [path for word in words for path in (_standard_input() if word == "-" else [word])]
    if not paths:
        raise InputError("There is no image in the list on standard input.")
    return paths


def find(paths: Sequence[str]) -> list[str]:
    """The files that are given, or in given folders; what is left out there for how it is named is said on stderr.

    Raises:
        InputError: a path does not exist, a folder cannot be read, or there is no image.
    """
    if missing := [path for path in paths if not os.path.exists(path)]:
        raise InputError(f"No such file or folder: {_named(missing)}. Nothing was predicted.")
    suffixes = _suffixes()
    found: list[str] = []
    left_out: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        for file in files(Path(path), "."):
            named_so = os.path.splitext(file.name)[1].lower() in suffixes
            (found if named_so else left_out).append(str(Path(path, file.name)))
    if not found:
        others = f"; {len(left_out)} files there are not named like images" if left_out else ""
        raise InputError(f"There is no image in {_named(paths) if paths else 'the list'}{others}.")
    if left_out:
        advice = "To predict one all the same, give its own path."
        print(f"Left out, as not named like images: {_named(left_out)}. {advice}", file=sys.stderr)
    return found


def _standard_input() -> list[str]:
    """Paths, one a line; or apart by zero bytes, as `find -print0` writes them."""
    text = os.fsdecode(sys.stdin.buffer.read())
    return [path for path in text.split("\0" if "\0" in text else "\n") if path]


def _suffixes() -> set[str]:
    """Endings of the names of images in the formats that Pillow reads."""
    from PIL import Image

    Image.init()
    kinds = {kind for kind, name in Image.MIME.items() if name.startswith("image/") and kind in Image.OPEN}
    return {suffix for suffix, kind in Image.registered_extensions().items() if kind in kinds}


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - NAMED} others" if len(paths) > NAMED else ""
    return ", ".join(map(repr, paths[:NAMED])) + more
