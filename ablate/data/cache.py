"""Decoded images, kept from one run to the next under `$ABLATE_CACHE` or `~/.cache/ablate/images`.

`<count>x<size>-<content>.npy` holds the pixels; <content> is the SHA-256 of all that they follow from: the files' bytes
in their order, the size and the decoder. `<listing>.key` holds that SHA-256, so that a folder whose listing has not
changed is not read again. Every file here may be deleted at any time; it is then made again.
"""

import hashlib
import logging
import math
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL

from ablate.data.decode import decode, digest
from ablate.data.parallel import each
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)

_FORMAT = 1  # raised when `decode` gives other pixels for the same file


@dataclass(frozen=True)
class File:
    """An image file and what tells, without reading it, that it has changed."""

    name: str  # path relative to the root, with /
    size: int  # bytes
    modified_ns: int
    changed_ns: int  # of the inode: an edit that restores the time of modification still sets it


def pixels(root: Path, files: list[File], image_size: int, mapped: bool) -> np.ndarray:
    """The files as uint8 (N, 3, image_size, image_size), from the cache or decoded into it.

    In memory, or `mapped` from the file in the cache, of which as much is in memory as there is room for.

    Raises InputError that names them if some cannot be read as images; or if a cache to map cannot be written.
    """
    folder = Path(os.environ.get("ABLATE_CACHE") or "~/.cache/ablate/images").expanduser()
    memo = folder / f"{_listing(root, files, image_size)}.key"
    paths = [f"{root}/{file.name}" for file in files]
    shape = (len(files), 3, image_size, image_size)
    kind = f"{len(files)}x{image_size}"

    remembered = key = _read_key(memo)
    if key is None and any(folder.glob(f"{kind}-*.npy")):  # a copy of this folder may have been decoded before
        key = _content(each(digest, paths, "Reading images"), image_size)
    cached = _load(folder / f"{kind}-{key}.npy", shape, mapped) if key else None
    if cached is None and mapped:
        key = _decode_on_disk(paths, shape, folder)
        cached = _load(folder / f"{kind}-{key}.npy", shape, mapped)
    elif cached is None:
        cached = np.empty(shape, np.uint8)
        key = _content(_decode(paths, cached), image_size)
        _write(folder / f"{kind}-{key}.npy", lambda file: np.save(file, cached))
    if key is not None and key != remembered:
        memory = key.encode()
        _write(memo, lambda file: file.write(memory))
    assert cached is not None
    return cached


def _decode(paths: list[str], images: np.ndarray) -> list[str]:
    """Put all images into `images`, uint8 (N, 3, size, size); the digests of their files."""
    digests = []
    for index, (image, sha256) in enumerate(_decoded(paths, images.shape[-1])):
        images[index] = image
        digests.append(sha256)
    return digests


def _decoded(paths: list[str], image_size: int) -> Iterator[tuple[np.ndarray, str]]:
    """Each image in turn, uint8 (3, size, size), and the digest of its file."""
    return each(partial(decode, image_size=image_size), paths, "Decoding images")


def _decode_on_disk(paths: list[str], shape: tuple[int, ...], folder: Path) -> str:
    """Decode all images into the cache without holding them in memory; their content's SHA-256."""
    part = folder / f"{uuid.uuid4().hex}.part"
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    digests = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            if hasattr(os, "posix_fallocate"):  # a disk too small is told before the work
                os.posix_fallocate(file.fileno(), 0, file.tell() + math.prod(shape))
            for image, sha256 in _decoded(paths, shape[-1]):
                file.write(image.tobytes())
                digests.append(sha256)
            file.flush()
            os.fsync(file.fileno())
        key = _content(digests, shape[-1])
        part.replace(folder / f"{len(paths)}x{shape[-1]}-{key}.npy")
        return key
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error}), but images over data.memory_limit are read from there."
            " Set ABLATE_CACHE to a folder with room for them, or raise data.memory_limit."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _recipe(image_size: int) -> str:
    return f"ablate {_FORMAT}, pillow {PIL.__version__}, {image_size}\n"


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


def _load(store: Path, shape: tuple[int, ...], mapped: bool) -> np.ndarray | None:
    """The array in `store`; None if there is none, or it is not whole."""
    if not os.path.isfile(store):
        return None
    try:
        # Copy-on-write: PyTorch warns of an array that cannot be written.
        array = np.load(store, mmap_mode="c" if mapped else None, allow_pickle=False)
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
