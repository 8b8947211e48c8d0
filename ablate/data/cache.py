"""Decoded images, kept from one run to the next under `$ABLATE_CACHE` or `~/.cache/ablate/images`.

`<content>.npy` holds the pixels, its name the SHA-256 of all that they follow from: relative paths, bytes, size and
decoder. `<listing>.key` holds that name, so that a folder whose listing has not changed is not read again. Every file
here may be deleted at any time; it is then made again.
"""

import hashlib
import logging
import os
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ablate.data.decode import decode, digest
from ablate.data.parallel import each

log = logging.getLogger(__name__)

_FORMAT = 1  # raised when `decode` gives other pixels for the same file


@dataclass(frozen=True)
class File:
    """An image file and what tells, without reading it, that it has changed."""

    path: Path
    size: int
    modified_ns: int
    changed_ns: int  # of the inode: an edit that restores the time of modification still sets it


def pixels(root: Path, files: list[File], image_size: int) -> np.ndarray:
    """The files as uint8 (N, 3, image_size, image_size), from the cache or decoded into it.

    Raises InputError that names them if some cannot be read as images.
    """
    folder = Path(os.environ.get("ABLATE_CACHE") or "~/.cache/ablate/images").expanduser()
    memo = folder / f"{_listing(root, files, image_size)}.key"
    known = _read_key(memo)
    key = known or _content(root, files, image_size)
    store = folder / f"{key}.npy"
    shape = (len(files), 3, image_size, image_size)
    cached = _load(store, shape)
    if cached is None:
        cached = np.empty(shape, np.uint8)
        paths = [file.path for file in files]
        for index, image in enumerate(each(partial(_decode_to, image_size), paths, "Decoding images")):
            if image is not None:
                cached[index] = image
        _write(store, lambda file: np.save(file, cached))
    if not known:
        _write(memo, lambda file: file.write(key.encode()))
    return cached


def _decode_to(image_size: int, path: Path) -> np.ndarray:
    return decode(path, image_size)


def _recipe(image_size: int) -> str:
    return f"ablate {_FORMAT}, pillow {version('pillow')}, {image_size}\n"


def _listing(root: Path, files: list[File], image_size: int) -> str:
    known = hashlib.sha256(_recipe(image_size).encode() + os.fsencode(root.resolve()))
    for file in files:
        known.update(b"\0" + os.fsencode(file.path.relative_to(root)) + b"\0")
        known.update(f"{file.size} {file.modified_ns} {file.changed_ns}".encode())
    return known.hexdigest()


def _content(root: Path, files: list[File], image_size: int) -> str:
    known = hashlib.sha256(_recipe(image_size).encode())
    paths = [file.path for file in files]
    for path, sha256 in zip(paths, each(digest, paths, "Reading images"), strict=True):
        known.update(b"\0" + os.fsencode(path.relative_to(root)) + b"\0" + str(sha256).encode())
    return known.hexdigest()


def _read_key(memo: Path) -> str | None:
    """The name in a memo; None if there is none, or it is damaged."""
    try:
        text = memo.read_text(errors="replace")
    except OSError:
        return None
    return text if re.fullmatch("[0-9a-f]{64}", text) else None


def _load(store: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """The array in `store`; None if there is none, or it is not whole."""
    if not os.path.isfile(store):
        return None
    try:
        array = np.load(store, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        array = None
    if array is None or array.shape != shape or array.dtype != np.uint8:
        log.warning("The cached images in %s are damaged; they are decoded again.", store)
        return None
    return array


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file that is seen whole or not at all, whoever else writes it; only warn if that cannot be done."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        log.warning("Images are not cached, since %s cannot be written (%s). Set ABLATE_CACHE.", path.parent, error)
