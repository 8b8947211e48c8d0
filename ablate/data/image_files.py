"""Image files named on the command line: by path, by folder, or in a list on standard input."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablate.data.decode import FORMATS
from ablate.data.walk import files
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few


def listed(words: Iterable[str]) -> list[str]:
    """Return the paths in `words`, where `-` stands for a list on standard input. Raises InputError without paths."""
    paths = [path for word in words for path in (_standard_input() if word == "-" else [word])]
    if not paths:
        raise InputError("The list on standard input contains no image.")
    return paths


def find(paths: Sequence[str]) -> list[str]:
    """List the files at `paths`, and the image files in folders among them.

    A file in a folder counts as an image by its suffix; the others are listed on stderr.

    Raises:
        InputError: a path does not exist, a folder cannot be read, or there is no image.
    """
    if missing := [path for path in paths if not os.path.exists(path)]:
        raise InputError(f"No such file or folder: {first_few(list(map(repr, missing)))}. Nothing was predicted.")
    suffixes = _suffixes()
    images: list[str] = []
    skipped: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            images.append(path)
            continue
        for file in files(Path(path), "."):
            is_image = os.path.splitext(file.name)[1].lower() in suffixes
            (images if is_image else skipped).append(str(Path(path, file.name)))
    if not images:
        where = first_few(list(map(repr, paths))) if paths else "the list"
        others = f"; files without the suffix of an image: {len(skipped)}" if skipped else ""
        raise InputError(f"There is no image in {where}{others}.")
    if skipped:
        advice = "To predict one of them, pass its path."
        print(f"Skipped, no suffix of an image: {first_few(list(map(repr, skipped)))}. {advice}", file=sys.stderr)
    return images


def _standard_input() -> list[str]:
    """Read paths from standard input, one per line, or separated by zero bytes as from `find -print0`."""
    text = os.fsdecode(sys.stdin.buffer.read())
    return [path for path in text.split("\0" if "\0" in text else "\n") if path]


def _suffixes() -> set[str]:
    """Return the suffixes of the image formats that are read."""
    from PIL import Image

    Image.init()
    return {suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS}
