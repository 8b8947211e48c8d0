"""Images that a data set of Hugging Face holds as bytes, as files in the cache, so that they are decoded as others."""

import hashlib
import os
from pathlib import Path
from typing import Any

from ablate.data import cache
from ablate.data.walk import listed_file
from ablate.files import atomic
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff\xe0": ".jpg", b"\xff\xd8\xff\xe1": ".jpg"}  # for people who look


def unpacked(dataset: Any, column: str, where: str) -> list[cache.File]:
    """Write the images of a data set to files that are not there yet.

    Args:
        dataset: a split, `datasets.Dataset`.
        column: its column of images.
        where: name of the data set and the split, for messages.

    Returns:
        A file for each image, with its absolute path; the name is the number of the row and a hash of the content. An
        image that is a file already is not copied.

    Raises:
        InputError: an image has no content, or the cache is not writable.
    """
    import datasets

    rows = dataset.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    folder = cache.cache_folder() / "huggingface"
    files = []
    for index, row in enumerate(track(rows, "Unpacking images", len(rows))):
        content, path = (row[column] or {}).get("bytes"), (row[column] or {}).get("path")
        if content is not None:
            path = _written(folder, index, content)
        file = listed_file(Path("/"), os.path.abspath(path)) if path else None
        if file is None:
            raise InputError(f"{where}: image {index:,} has no content ({path or 'empty'}).")
        files.append(file)
    return files


def _written(folder: Path, index: int, content: bytes) -> str:
    """The path of a file with this content."""
    digest = hashlib.sha256(content).hexdigest()
    path = folder / digest[:2] / f"{index:06}-{digest[:32]}{SUFFIXES.get(content[:4], '')}"
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_bytes(path, content)
        except OSError as error:
            raise InputError(f"{path.parent} is not writable ({error}). Set ABLATE_CACHE to another folder.") from error
    return str(path)
