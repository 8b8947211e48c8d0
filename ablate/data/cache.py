"""Decoded images, kept from one run to the next under `$ABLATE_CACHE` or `~/.cache/ablate/images`.

`<count>x<size>-<content>.npy` holds the pixels; <content> is the SHA-256 of all that they follow from: the files' bytes
in their order, the size and the decoder. `<listing>.key` holds that SHA-256, so that a folder whose listing has not
changed is not read again. Every file here may be deleted at any time; it is then made again.
"""

import hashlib
import logging
import os
import re
import uuid
from collections.abc import Callable, Iterable
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

    name: str  # path relative to the root, with /
    size: int  # bytes
    modified_ns: int
    changed_ns: int  # of the inode: an edit that restores the time of modification still sets it


def pixels(root: Path, files: list[File], image_size: int) -> np.ndarray:
    """The files as uint8 (N, 3, image_size, image_size), from the cache or decoded into it.

    Raises InputError that names them if some cannot be read as images.
    """
    folder = Path(os.environ.get("ABLATE_CACHE") or "~/.cache/ablate/images").expanduser()
    memo = folder / f"{_listing(root, files, image_size)}.key"
    paths = [f"{root}/{file.name}" for file in files]
    shape = (len(files), 3, image_size, image_size)
    kind = f"{len(files)}x{image_size}"

    remembered = key = _read_key(memo)
    if key is None and any(folder.glob(f"{kind}-*.npy")):  # a copy of this folder may have been decoded before
        key = _content(each(digest, paths, "Reading images"), image_size)
    cached = _load(folder / f"{kind}-{key}.npy", shape) if key else None
    if cached is None:
        cached, digests = _decode(paths, shape)
        key = _content(digests, image_size)
        _write(folder / f"{kind}-{key}.npy", lambda file: np.save(file, cached))
    if key is not None and key != remembered:
        memory = key.encode()
        _write(memo, lambda file: file.write(memory))
    return cached


def _decode(paths: list[str], shape: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
    """All images, uint8 `shape`, and the digests of their files."""
    images, digests = np.empty(shape, np.uint8), []
    for index, (image, sha256) in enumerate(each(partial(decode, image_size=shape[-1]), paths, "Decoding images")):
        images[index] = image
        digests.append(sha256)
    return images, digests


def _recipe(image_size: int) -> str:
    return f"ablate {_FORMAT}, pillow {version('pillow')}, {image_size}\n"


def _listing(root: Path, files: list[File], image_size: int) -> str:
    known = hashlib.sha256(_recipe(image_size).encode() + os.fsencode(root.resolve()))
    for file in files:
        known.update(os.fsencode(f"\0{file.name}\0{file.size} {file.modified_ns} {file.changed_ns}"))
    return known.hexdigest()


def _content(digests: Iterable[str], image_size: int) -> str:
    return hashlib.sha256((_recipe(image_size) + "\n".join(digests)).encode()).hexdigest()


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
