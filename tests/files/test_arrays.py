"""Arrays are read as far as they are expected, and checked before memory is allocated."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ablate.files import arrays, bounded
from ablate.files.arrays import Expected
from ablate.terminal.errors import InputError

THREE = {"a": Expected("iu", (3,))}


def npy(header: str, data: bytes = b"") -> bytes:
    """A file of NumPy's format 1.0 with this header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + data


def npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_those_that_numpy_saved(tmp_path, save, order):
    values = np.asarray(np.arange(3_000_000).reshape(300_000, 10) % 997, order=order, dtype=np.float32)
    save(tmp_path / "a.npz", a=values, b=np.arange(3))
    expected = {"a": Expected("f", (range(1, 10**6), 10)), "c": Expected("f", (3,))}
    read = arrays.read(tmp_path / "a.npz", expected, bounded.GIB, optional=("c",))
    assert list(read) == ["a"] and np.array_equal(read["a"], values)
    expected = {"a": Expected("f", (300_000, 10), lambda rows: rows.argmax(1))}  # block by block
    assert np.array_equal(arrays.read(tmp_path / "a.npz", expected, bounded.GIB)["a"], values.argmax(1))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.arange(4), THREE),
        (np.arange(3.0), THREE),
        (np.arange(3).reshape(3, 1), THREE),
        (np.array([{}] * 3), {"a": Expected("O", (3,))}),
        (np.zeros(3, "i4,f4"), THREE),
        (np.arange(3), {"b": Expected("iu", (3,))}),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, expected):
    np.savez(tmp_path / "a.npz", a=array)
    with pytest.raises((ValueError, KeyError)):
        arrays.read(tmp_path / "a.npz", expected, bounded.MIB)


@pytest.mark.parametrize(
    "content",
    [
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}", bytes(23)),
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}", bytes(25)),
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3000000000,)}", bytes(24)),
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (-3,)}", bytes(24)),
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), 'more': 1}", bytes(24)),
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': " + 5000 * "(" + "}", bytes(24)),
        b"\x93NUMPY\x03\x00" + struct.pack("<I", 2**31) + b"{}",
        b"",
    ],
    ids=range(8),
)
def test_a_header_that_does_not_fit_its_data_is_refused(tmp_path, content):
    with pytest.raises(Exception) as refused:
        arrays.read(npz(tmp_path / "a.npz", a=content), {"a": Expected("iu", (range(10**10),))}, bounded.MIB)
    assert not isinstance(refused.value, MemoryError)


def test_a_file_is_refused_by_its_unpacked_size(tmp_path):
    path = npz(tmp_path / "a.npz", a=npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}", bytes(2**24)))
    assert path.stat().st_size < bounded.MIB
    with pytest.raises(InputError, match="would unpack to"):
        arrays.read(path, THREE, bounded.MIB)


def test_a_member_that_unpacks_to_more_than_stated_is_not_unpacked(tmp_path):
    content = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}", bytes(24))
    path = npz(tmp_path / "a.npz", a=content + bytes(2**24))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(struct.pack("<L", len(content) + 2**24), struct.pack("<L", len(content))))
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        arrays.read(path, THREE, bounded.MIB)


def test_a_damaged_array_is_detected(tmp_path):
    np.savez(content := io.BytesIO(), a=np.arange(3))
    whole = bytearray(content.getvalue())
    whole[whole.index(b"\x02\0\0\0\0\0\0\0")] ^= 4
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        arrays.read(tmp_path / "a.npz", THREE, bounded.MIB)
