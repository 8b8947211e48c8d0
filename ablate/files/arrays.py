"""Read arrays from an `.npz` or `.npy` file that may come from an untrusted source: what is expected, and no more."""

import math
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from ablate.files import archive, bounded

MEMBERS = 32  # of a file; ours have up to four
BLOCK = 2**20  # numbers of an array that are reduced at a time


class Expected(NamedTuple):
    """An array: the kinds of its dtype, such as `iu`, and its shape, each length a number or a range of numbers.

    `reduce` maps a block of rows (n, ...) to one value for each (n,). The whole array is then never in memory.
    """

    kinds: str
    shape: tuple[int | range, ...]
    reduce: Callable[[np.ndarray], np.ndarray] | None = None


def read(
    path: Path, expected: Mapping[str, Expected], limit: int, optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Read arrays by name, the `optional` ones if the file has them.

    The header of each array is checked before memory is allocated for any of them.

    Args:
        path: the file.
        expected: the arrays to read.
        limit: largest size of the file, and of its unpacked content, in bytes.
        optional: names of arrays that may be missing.

    Raises:
        InputError: the file, or its unpacked content, exceeds the limit.
        Exception: any other kind, since numpy and zipfile raise many different ones for a damaged file.
    """
    with archive.opened(path, MEMBERS, limit) as file:
        names = [name for name in expected if name not in optional or f"{name}.npy" in file.namelist()]
        for name in names:
            with file.open(f"{name}.npy") as stream:
                _header(stream, f"{name}.npy", file.getinfo(f"{name}.npy").file_size, expected[name])
        return {name: _array(file, name, expected[name]) for name in names}


def _array(file: zipfile.ZipFile, name: str, expected: Expected) -> np.ndarray:
    """The array of this name, reduced if that is expected."""
    with file.open(f"{name}.npy") as stream:
        size = file.getinfo(f"{name}.npy").file_size
        shape, fortran, dtype = _header(stream, f"{name}.npy", size, expected)
        if expected.reduce is None or fortran:
            values = np.frombuffer(bytearray(stream.read(math.prod(shape) * dtype.itemsize)), dtype)  # writable
            values = values.reshape(shape, order="F" if fortran else "C")
            return values if expected.reduce is None else expected.reduce(values)
        row = math.prod(shape[1:])
        parts = []
        for start in range(0, shape[0], step := max(1, BLOCK // max(row, 1))):
            rows = min(step, shape[0] - start)
            block = np.frombuffer(stream.read(rows * row * dtype.itemsize), dtype)
            parts.append(expected.reduce(block.reshape(rows, *shape[1:])))
        return np.concatenate(parts)


def mapped(path: Path, expected: Expected) -> np.ndarray:
    """Map the array in an `.npy` file, without reading it.

    Args:
        path: the file.
        expected: the array; `reduce` is not used.

    Raises:
        OSError: it cannot be read or is not a regular file.
        Exception: any other kind, for a file that is damaged, is truncated, holds another array or is a pickle.
    """
    with bounded.open_regular(path) as file:
        shape, fortran, dtype = _header(file, path.name, os.fstat(file.fileno()).st_size, expected)
        return np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _header(stream: IO[bytes], name: str, size: int, expected: Expected) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of an array: shape, column-major order, dtype. ValueError unless they are as expected."""
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} is of version {version}")
    shape, fortran, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(stream)
    fits = len(shape) == len(expected.shape) and all(
        length in wanted if isinstance(wanted, range) else length == wanted
        for length, wanted in zip(shape, expected.shape, strict=True)
    )
    if dtype.hasobject or dtype.kind not in expected.kinds or not fits:
        raise ValueError(f"{name} is {dtype} {shape}, expected {expected.kinds} {expected.shape}")
    if stream.tell() + math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name} has another size than its header states")
    return shape, fortran, dtype
