"""Files of PyTorch: weights and checkpoints."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import torch

from tests.faults.attacks import MIB, Attack


def stored(content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file as `torch.save` writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def members(good: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def saved(change: Callable[[Any], Any]) -> Attack:
    """What PyTorch loads from the file, changed and saved again."""

    def attack(good: bytes) -> bytes:
        torch.save(change(torch.load(io.BytesIO(good), weights_only=True)), content := io.BytesIO())
        return content.getvalue()

    return attack


def pickled(program: bytes) -> Attack:
    """Another pickle in place of the one in the file."""
    return lambda good: stored({**members(good), "data.pkl": program})


def two_directories(good: bytes) -> bytes:
    """A second directory of a compressed gigabyte; the last record points at the first directory."""
    zeros = zlib.compressobj(9, wbits=-15)
    packed = zeros.compress(bytes(512 * MIB)) + zeros.flush()
    name = b"archive/data/0"
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed), 512 * MIB, len(name), 0, 0, 0, 0, 0, 0
    )
    return good[:-22] + packed + entry + name + good[-22:]


def first(change: Callable[[torch.Tensor], torch.Tensor], *path: str) -> Attack:
    """The first tensor of a state_dict, changed."""

    def changed(content: Any) -> Any:
        part = content
        for name in path:
            part = part[name]
        name = next(iter(part))
        part[name] = change(part[name])
        return content

    return saved(changed)


def tensor_attacks(*path: str) -> dict[str, Attack]:
    """Attacks on a file of `torch.save`, of which `path` is the place of a state_dict."""
    return {
        "stride 0": first(lambda tensor: torch.zeros(1).expand(30_000, 30_000), *path),
        "stride 0 of the right shape": first(lambda tensor: torch.zeros(1).expand(tensor.shape), *path),
        "a large storage": first(lambda tensor: torch.zeros(MIB * 64)[: tensor.numel()].view(tensor.shape), *path),
        "a sparse tensor": first(
            lambda _: torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.int64), torch.ones(1), (10**11,)), *path
        ),
        "a meta tensor": first(lambda _: torch.zeros(10**6, 10**6, device="meta"), *path),
        "more tensors": saved(lambda content: {**content, **{f"t{n}": torch.zeros(1) for n in range(20_000)}}),
        "two directories": two_directories,
        "data before": lambda good: bytes(MIB) + good,
        "data after": lambda good: good + bytes(MIB),
        "compressed": lambda good: stored({**members(good), "data/0": bytes(256 * MIB)}, zipfile.ZIP_DEFLATED),
        "many members": lambda good: stored({**members(good), **{f"data/x{n}": b"" for n in range(50_000)}}),
        "empty lists": pickled(b"\x80\x02" + b"]" * 900_000 + b"."),
        "a bytearray": pickled(b"\x80\x02cbuiltins\nbytearray\nK\x01\x8a\x05\0\0\0\0\x02\x85R."),
        "a long BYTEARRAY8": pickled(b"\x80\x05\x96\0\0\0\0\x02\0\0\0."),
        "a far PUT": pickled(b"\x80\x02}r\xff\xff\xff\x0f."),
        "copies of a dict": pickled(
            b"\x80\x02}q\0("
            + b"".join(b"M%sN" % struct.pack("<H", n) for n in range(20_000))
            + b"u("
            + b"h\0" * 900
            + b"l."
        ),
        "doubled lists": pickled(b"\x80\x02]" + b"".join(b"q%c]h%ca]" % (n, n) for n in range(200)) + b"."),
        "deep lists": pickled(b"\x80\x02" + b"]" * 4000 + b"a" * 3999 + b"."),
        "code": pickled(b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."),
        "a long text": pickled(b"\x80\x02X" + struct.pack("<L", 900_000) + b"x" * 900_000 + b"."),
        "not a zip file": lambda good: b"\x80\x02" + good[2:],
        "more than the limit": lambda good: good + bytes(400 * MIB),
    }
