"""A cached array of pixels: a .npy file whose last 4 bytes are the CRC-32 of the pixels."""

import logging
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ablate.data.streamed import release_pages
from ablate.files import atomic, bounded

log = logging.getLogger(__name__)

CHECKSUM_BYTES = 4
CHUNK = 16 * bounded.MIB  # bytes of pixels per step of a checksum


def save(array: np.ndarray, file: BinaryIO) -> None:
    """Write an array and its checksum to an open file."""
    np.save(file, array)
    file.write(zlib.crc32(array.data).to_bytes(CHECKSUM_BYTES))


def load(path: Path, mapped: bool, valid: Callable[[np.ndarray], bool]) -> np.ndarray | None:
    """Load or map a cached array; None if the file is missing or damaged."""
    if not os.path.isfile(path):
        return None
    try:
        # Copy-on-write, since PyTorch warns about read-only arrays.
        array = np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        array = None
    if array is None or array.dtype != np.uint8 or not valid(array) or _checksum(array) != _stored_checksum(path):
        log.warning("The cached images in %s are damaged. Decoding them again.", path)
        return None
    return array


def _checksum(array: np.ndarray) -> int:
    """Return the CRC-32 of the pixels, uint8 (N, ...); of a mapped array, without keeping it in memory."""
    checksum, images = 0, max(1, CHUNK // max(1, array[:1].nbytes))
    for start in range(0, len(array), images):
        checksum = zlib.crc32(array[start : start + images].data, checksum)
        release_pages(array)
    return checksum


def _stored_checksum(path: Path) -> int:
    return int.from_bytes(bounded.tail(path, CHECKSUM_BYTES))


def write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of a uint8 array. NumPy pads it, so that it is as long for any number of bytes."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a cache file atomically; only warn if that fails, since a run can do without it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.part(path) as file:
            write(file)
            atomic.commit(file, path)
    except OSError as error:
        log.warning("Images are not cached: %s is not writable (%s). Set ABLATE_CACHE.", path.parent, error)
