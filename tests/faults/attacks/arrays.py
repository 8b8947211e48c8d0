"""Archives of arrays: predictions, samples of images."""

import io
import pickle
import struct
import zipfile

import numpy as np

from tests.faults.attacks import Attack


def npz(compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return content.getvalue()


def npy(dtype: str, shape: tuple[int, ...], data: bytes) -> bytes:
    """An array file of this header, whatever the data."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def whole(dtype: str, shape: tuple[int, ...]) -> bytes:
    """An array of zeros."""
    return npy(dtype, shape, bytes(np.dtype(dtype).itemsize * int(np.prod(shape))))


def lying(content: bytes, stated: int) -> bytes:
    """A zip file whose directory and headers state another unpacked size for their first member."""
    size = zipfile.ZipFile(io.BytesIO(content)).infolist()[0].file_size
    return content.replace(struct.pack("<L", size), struct.pack("<L", stated))


PREDICTIONS: dict[str, Attack] = {
    "one image of many classes": lambda _: npz(label=whole("<i8", (1,)), logits=whole("<f2", (1, 38_000))),
    "many images": lambda _: npz(label=whole("<i8", (30_000_000,)), logits=whole("<f2", (30_000_000, 2))),
    "more than the limit": lambda _: npz(label=whole("<i8", (2**24,)), logits=whole("<f8", (2**24, 10))),
    "a header of terabytes": lambda _: npz(label=npy("<i8", (10**12,), b""), logits=npy("<f2", (10**12, 10), b"")),
    "a deep header": lambda _: npz(label=npy("<i8", (1,), b"")[:10] + b"(" * 60_000, logits=b""),
    "no images": lambda _: npz(label=whole("<i8", (0,)), logits=whole("<f2", (0, 10**9))),
    "unpacks to more than stated": lambda _: lying(npz(label=whole("<i8", (2**24,)), logits=b""), 136),
    "objects": lambda _: npz(label=npy("|O", (1,), pickle.dumps([0] * 10**6)), logits=whole("<f2", (1, 10))),
    "a wide dtype": lambda _: npz(label=whole("<U1000000", (20,)), logits=whole("<f2", (20, 10))),
    "many members": lambda _: npz(zipfile.ZIP_STORED, **{f"a{n}": b"" for n in range(200_000)}),
    "LZMA": lambda _: npz(zipfile.ZIP_LZMA, label=whole("<i8", (2**24,)), logits=whole("<f2", (1, 10))),
}
SAMPLES: dict[str, Attack] = {
    "many images": lambda _: npz(images=whole("|u1", (300_000, 1, 8, 8))),
    "large images": lambda _: npz(images=whole("|u1", (16, 3, 4000, 4000))),
    "floats": lambda _: npz(images=whole("<f8", (16, 1, 8, 8))),
    "images without pixels": lambda _: npz(images=whole("|u1", (10**9, 0, 8, 8))),
    "a header of terabytes": lambda _: npz(images=npy("|u1", (10**6, 3, 10**4, 10**4), b"")),
}
