"""A cache of decoded images in `$ABLATE_CACHE`, by default `~/.cache/ablate/images`.

`<count>x<size>-<content>.npy` holds the pixels, where <content> is the SHA-256 of everything that determines them: the
bytes of the files in their order, the image size and the decoder. Its last 4 bytes are the CRC-32 of the pixels, which
is checked when they are loaded. `<listing>.key` holds <content> for one listing of a
folder (names, sizes and times), so that an unchanged folder is not read again. Every file may be deleted at any time;
it is then created again.
"""

import math
import os
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from ablate.data.aspect import decode_photograph
from ablate.data.cache_entry import Entry, File, cache_folder, content_key
from ablate.data.cache_entry import entry as entry_of
from ablate.data.cached_array import CHECKSUM_BYTES, load, save, write, write_header
from ablate.data.decode import decode
from ablate.data.parallel import map_files
from ablate.data.photographs import fits
from ablate.files import atomic, bounded
from ablate.terminal.errors import InputError

WAITING = 32 * bounded.MIB  # bytes of photographs that a process decodes before they are written

__all__ = ["File", "cache_folder", "photographs", "pixels"]


def pixels(root: Path, files: list[File], image_size: int, mapped: bool) -> np.ndarray:
    """Return image files as one array from the cache; decode them into it first if needed.

    Args:
        root: folder that the names of the files are relative to.
        files: the images, in order.
        image_size: height and width that they are resized to, in pixels.
        mapped: decode into the cached file instead of memory.

    Returns:
        uint8 (N, 3, image_size, image_size). What the cache already has is mapped from its file, not loaded: a run
        copies the images that it needs.

    Raises:
        InputError: some files cannot be decoded (it names them), or the cache cannot be written with `mapped`.
    """
    entry = entry_of(root, files, str(image_size))
    shape = (len(files), 3, image_size, image_size)
    decoded = partial(map_files, partial(decode, image_size=image_size), entry.paths, "Decoding images")
    key = entry.key()
    array = load(entry.file(key), True, lambda array: array.shape == shape) if key else None
    if array is None and mapped:
        key = _decode_on_disk(entry, decoded(), shape)
        array = load(entry.file(key), True, lambda array: array.shape == shape)
    elif array is None:
        array = np.empty(shape, np.uint8)
        key = content_key(_decode(decoded(), array), entry.form)
        write(entry.file(key), partial(save, array))
    assert array is not None and key is not None
    entry.store_key(key)
    return array


def photographs(root: Path, files: list[File], side: int, limit: float) -> np.ndarray:
    """Return image files at their own aspect ratio as one array from the cache; decode them into it first if needed.

    Args:
        root: folder that the names of the files are relative to.
        files: the images, in order.
        side: length that their shorter side is resized to, in pixels.
        limit: in bytes; a larger array is mapped from the cached file instead of loaded into memory.

    Returns:
        uint8 (bytes,): the pixels of each image, (height, width, 3), one after another, and then their heights and
        widths, uint32 (N, 2).

    Raises:
        InputError: some files cannot be decoded (it names them), or the cache cannot be written.
    """
    entry = entry_of(root, files, f"shorter {side}")

    def cached(key: str) -> np.ndarray | None:
        file = entry.file(key)
        mapped = file.is_file() and file.stat().st_size > limit
        return load(file, mapped, lambda array: fits(array, len(files)))

    key = entry.key()
    array = cached(key) if key else None
    if array is None or key is None:
        decoded = partial(decode_photograph, side=side)
        chunk = max(1, min(64, WAITING // (3 * side**2)))
        key = _decode_on_disk(entry, map_files(decoded, entry.paths, "Decoding images", chunk))
        array = cached(key)
    assert array is not None
    entry.store_key(key)
    return array


def _decode(decoded: Iterable[tuple[np.ndarray, str]], images: np.ndarray) -> list[str]:
    """Store images, each with the digest of its file, in `images`, uint8 (N, 3, size, size); return the digests."""
    digests = []
    for index, (image, sha256) in enumerate(decoded):
        images[index] = image
        digests.append(sha256)
    return digests


def _decode_on_disk(
    entry: Entry, decoded: Iterable[tuple[np.ndarray, str]], shape: tuple[int, ...] | None = None
) -> str:
    """Write images, each with the digest of its file, to the cache one by one; return the key of their content.

    Args:
        entry: of the images.
        decoded: the images and digests.
        shape: of the array; None for photographs, whose sizes are written after them.
    """
    folder = entry.folder
    digests: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.part(folder / "decoding") as file:
            write_header(file, shape or (0,))
            start = file.tell()
            if shape and hasattr(os, "posix_fallocate"):  # fails before the work if the disk is too small
                os.posix_fallocate(file.fileno(), 0, start + math.prod(shape) + CHECKSUM_BYTES)
            checksum = 0
            measured = []
            for image, sha256 in decoded:
                checksum = zlib.crc32(content := image.tobytes(), checksum)
                file.write(content)
                digests.append(sha256)
                measured.append(image.shape[:2])
            if shape is None:
                checksum = zlib.crc32(content := np.array(measured, "<u4").tobytes(), checksum)
                file.write(content)
                shape = (file.tell() - start,)
            file.write(checksum.to_bytes(CHECKSUM_BYTES))
            file.seek(0)
            write_header(file, shape)
            key = content_key(digests, entry.form)
            atomic.commit(file, entry.file(key))
        return key
    except OSError as error:
        raise InputError(
            f"{folder} is not writable ({error}), but images larger than data.memory_limit, and photographs"
            " (data.resize=shorter), are read from there. Set ABLATE_CACHE to a folder with enough space."
        ) from error
