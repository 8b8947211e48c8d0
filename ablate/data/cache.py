"""A cache of decoded images in `$ABLATE_CACHE`, by default `~/.cache/ablate/images`.

`<count>x<size>-<content>.npy` holds the pixels, where <content> is the SHA-256 of everything that determines them: the
bytes of the files in their order, the image size and the decoder. Its last 4 bytes are the CRC-32 of the pixels, which
is checked when they are loaded. `<listing>.key` holds <content> for one listing of a
folder (names, sizes and times), so that an unchanged folder is not read again. Every file may be deleted at any time;
it is then created again.
"""

import hashlib
import logging
import math
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL

from ablate.data.decode import decode, digest
from ablate.data.parallel import map_files
from ablate.data.streamed import release_pages
from ablate.files import atomic, bounded
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)

CHECKSUM_BYTES = 4
CHUNK = 16 * bounded.MIB  # bytes of pixels per step of a checksum
_FORMAT = 2  # increased when `decode` returns other pixels for the same file, or the cache has another layout


@dataclass(frozen=True)
class File:
    """An image file, and what reveals a change of it without reading it.

    Attributes:
        name: path relative to the root, with / between its parts.
        size: in bytes.
        modified_ns: time of the last change of the content.
        changed_ns: time of the last change of the inode, which an edit sets even if it restores the time above.
    """

    name: str
    size: int
    modified_ns: int
    changed_ns: int


def cache_folder() -> Path:
    """The folder of the cache."""
    return Path(os.environ.get("ABLATE_CACHE") or "~/.cache/ablate/images").expanduser()


def pixels(root: Path, files: list[File], image_size: int, mapped: bool) -> np.ndarray:
    """Return image files as one array from the cache; decode them into it first if needed.

    Args:
        root: folder that the names of the files are relative to.
        files: the images, in order.
        image_size: height and width that they are resized to, in pixels.
        mapped: map the array from the cached file instead of loading it into memory.

    Returns:
        uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: some files cannot be decoded (it names them), or the cache cannot be written with `mapped`.
    """
    folder = cache_folder()
    key_file = folder / f"{_listing(root, files, image_size)}.key"
    paths = [os.path.join(root, file.name) for file in files]
    shape = (len(files), 3, image_size, image_size)
    kind = f"{len(files)}x{image_size}"

    stored_key = key = _read_key(key_file)
    if key is None and any(folder.glob(f"{kind}-*.npy")):  # a copy of this folder may have been decoded before
        key = _content(map_files(digest, paths, "Reading images"), image_size)
    array = _load(folder / f"{kind}-{key}.npy", shape, mapped) if key else None
    if array is None and mapped:
        key = _decode_on_disk(paths, shape, folder)
        array = _load(folder / f"{kind}-{key}.npy", shape, mapped)
    elif array is None:
        array = np.empty(shape, np.uint8)
        key = _content(_decode(paths, array), image_size)
        _write(folder / f"{kind}-{key}.npy", partial(_save, array))
    if key is not None and key != stored_key:
        content = key.encode()
        _write(key_file, lambda file: file.write(content))
    assert array is not None
    return array


def _decode(paths: list[str], images: np.ndarray) -> list[str]:
    """Decode all files into `images`, uint8 (N, 3, size, size); return the digests of the files."""
    digests = []
    for index, (image, sha256) in enumerate(_decoded(paths, images.shape[-1])):
        images[index] = image
        digests.append(sha256)
    return digests


def _decoded(paths: list[str], image_size: int) -> Iterator[tuple[np.ndarray, str]]:
    """Yield each image, uint8 (3, size, size), with the digest of its file."""
    return map_files(partial(decode, image_size=image_size), paths, "Decoding images")


def _decode_on_disk(paths: list[str], shape: tuple[int, ...], folder: Path) -> str:
    """Decode all files into the cache one by one, without holding them in memory; return the key of their content."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    digests = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.part(folder / "decoding") as file:
            np.lib.format.write_array_header_1_0(file, header)
            if hasattr(os, "posix_fallocate"):  # fails before the work if the disk is too small
                os.posix_fallocate(file.fileno(), 0, file.tell() + math.prod(shape) + CHECKSUM_BYTES)
            checksum = 0
            for image, sha256 in _decoded(paths, shape[-1]):
                checksum = zlib.crc32(content := image.tobytes(), checksum)
                file.write(content)
                digests.append(sha256)
            file.write(checksum.to_bytes(CHECKSUM_BYTES))
            key = _content(digests, shape[-1])
            atomic.commit(file, folder / f"{len(paths)}x{shape[-1]}-{key}.npy")
        return key
    except OSError as error:
        raise InputError(
            f"{folder} is not writable ({error}), but images larger than data.memory_limit are read from there."
            " Set ABLATE_CACHE to a folder with enough space, or raise data.memory_limit."
        ) from error


def _recipe(image_size: int) -> str:
    return f"ablate {_FORMAT}, pillow {PIL.__version__}, {image_size}\n"


def _listing(root: Path, files: list[File], image_size: int) -> str:
    sha256 = hashlib.sha256(_recipe(image_size).encode() + os.fsencode(root.resolve()))
    for file in files:
        sha256.update(os.fsencode(f"\0{file.name}\0{file.size} {file.modified_ns} {file.changed_ns}"))
    return sha256.hexdigest()


def _content(digests: Iterable[str], image_size: int) -> str:
    return hashlib.sha256((_recipe(image_size) + "\n".join(digests)).encode()).hexdigest()


def _read_key(path: Path) -> str | None:
    """Read a key file; None if it is missing or damaged."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return None
    return text if re.fullmatch("[0-9a-f]{64}", text) else None


def _save(array: np.ndarray, file: BinaryIO) -> None:
    np.save(file, array)
    file.write(zlib.crc32(array.data).to_bytes(CHECKSUM_BYTES))


def _load(path: Path, shape: tuple[int, ...], mapped: bool) -> np.ndarray | None:
    """Load or map a cached array; None if the file is missing or damaged."""
    if not os.path.isfile(path):
        return None
    try:
        # Copy-on-write, since PyTorch warns about read-only arrays.
        array = np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        array = None
    if array is None or array.shape != shape or array.dtype != np.uint8 or _checksum(array) != _stored_checksum(path):
        log.warning("The cached images in %s are damaged. Decoding them again.", path)
        return None
    return array


def _checksum(array: np.ndarray) -> int:
    """Return the CRC-32 of the pixels, uint8 (N, 3, size, size); of a mapped array, without keeping it in memory."""
    checksum, images = 0, max(1, CHUNK // max(1, array[:1].nbytes))
    for start in range(0, len(array), images):
        checksum = zlib.crc32(array[start : start + images].data, checksum)
        release_pages(array)
    return checksum


def _stored_checksum(path: Path) -> int:
    return int.from_bytes(bounded.tail(path, CHECKSUM_BYTES))


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a cache file atomically; only warn if that fails, since a run can do without it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.part(path) as file:
            write(file)
            atomic.commit(file, path)
    except OSError as error:
        log.warning("Images are not cached: %s is not writable (%s). Set ABLATE_CACHE.", path.parent, error)
