"""Small files that take much memory in a reader that believes them, by the file that they replace.

Each attack maps the honest content of a file to a damaged one.
"""

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image

MIB = 2**20
Attack = Callable[[bytes], bytes]


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
CURVES: dict[str, Attack] = {
    "many rows": lambda _: b"epoch\n" + b"1\n" * (8 * MIB - 3),
    "many rows of all columns": lambda good: good + good.splitlines(keepends=True)[1] * 60_000,
    "empty cells": lambda good: good.splitlines(keepends=True)[0] + b",,,,,,,,,\n" * 1_500_000,
    "many columns": lambda _: b",".join(b"%d" % n for n in range(1_800_000)) + b"\n" + b"1," * 10**6 + b"1\n",
    "the same column": lambda _: b"epoch," * 2 * MIB + b"epoch\n",
    "one long line": lambda _: b"epoch\n" + b"1" * 15 * MIB,
    "no line break": lambda _: b"\xff" * 15 * MIB,
    "many empty lines": lambda _: b"\n" * 15 * MIB,
    "more than the limit": lambda _: b"epoch\n" + b"1\n" * 50 * MIB,
}


def inserted(key: str, value: str, more: int = 0) -> Attack:
    """Give a JSON object a key with this value, as text."""
    return lambda good: good.rstrip()[:-1] + f', "{key}": {value}'.encode() + b"}" + b" " * more


def repeated(text: str, size: int) -> str:
    """A JSON list of as many as fit."""
    return "[" + text * (size // len(text)) + text.rstrip(",") + "]"


def json_attacks(size: int) -> dict[str, Attack]:
    """Attacks on a JSON file of at most so many bytes, 1 KiB of which may be honest."""
    size -= 8192
    return {
        "empty lists": inserted("error", repeated("[],", size)),
        "empty objects": inserted("error", repeated("{},", size)),
        "numbers": inserted("error", repeated("1000,", size)),
        "text": inserted("error", repeated('"ab",', size)),
        "keys": inserted("factors", "{" + ",".join(f'"{n:x}":""' for n in range(size // 12)) + "}"),
        "depth": inserted("error", "[" * (size // 2) + "]" * (size // 2)),
        "one long text": inserted("error", '"' + "x" * size + '"'),
        "wide text": inserted("error", '"' + "\N{GRINNING FACE}" * (size // 5) + '"'),
        "escaped wide text": inserted("error", '"' + "\\ud83d\\ude00" * (size // 12) + '"'),
        "a long number": inserted("error", "1" * size),
        "spaces": inserted("error", "null", size),
        "not JSON": lambda _: b"[" * size,
    }


def plan_of(size: int) -> dict[str, Attack]:
    """Attacks on study.json through its own keys."""

    def runs(good: bytes) -> bytes:
        plan = json.loads(good)
        count = size // 100
        plan["runs"] = [
            {"variant": f"{n:x}", "factors": {}, "seed": 0, "folder": f"{n:x}", "config_sha256": ""}
            for n in range(count)
        ]
        return json.dumps(plan, separators=(",", ":")).encode()

    def factors(good: bytes) -> bytes:
        plan = json.loads(good)
        return json.dumps(
            {**plan, "factors": {f"{n:x}": [] for n in range(size // 16)}}, separators=(",", ":")
        ).encode()

    def settings(good: bytes) -> bytes:
        plan = json.loads(good)
        return json.dumps({**plan, "settings": {"a": [[]] * (size // 5)}}, separators=(",", ":")).encode()

    return {"runs": runs, "factors": factors, "settings": settings}


def classes(good: bytes) -> bytes:
    """A record of as many classes as fit."""
    record = json.loads(good)
    return json.dumps({**record, "classes": ["", *"a" * 65_000]}, separators=(",", ":")).encode()


USES: dict[str, Attack] = {
    "other runs": lambda _: b"".join(b'{"schema":1,"run":"%x","time":"t"}\n' % n for n in range(440_000)),
    "looks": lambda _: b"".join(b'{"schema":1,"run":"a","time":"t","look":"%x"}\n' % n for n in range(340_000)),
    "empty lines": lambda _: b"{\n" * 8 * MIB,
    "a long line": lambda _: b'{"schema":1,"run":"' + b"x" * 15 * MIB,
    "lists": lambda _: b"[" + b"[]," * 5 * MIB + b"[]]",
    "more than the limit": lambda _: bytes(100 * MIB),
}
LOOK = b'{"schema":1,"time":"","results":0,"planned":0,"seeds":0,"shown":[%s]}\n'
LOOKS: dict[str, Attack] = {
    "looks": lambda _: b"".join(LOOK % b'"%016x"' % n for n in range(400_000)),
    "results": lambda _: b"".join(
        LOOK % b",".join(b'"%016x"' % (n * 2**20 + m) for m in range(100_000)) for n in range(17)
    ),
    "short results": lambda _: b"".join(LOOK % (b'"\\u00%02x",' % n * 200_000)[:-1] for n in range(160, 176)),
    "lists": lambda _: b"".join(LOOK % (b"[]," * 600_000)[:-1] for _ in range(17)),
    "keys": lambda _: b"{" + b",".join(b'"%x":0' % n for n in range(190_000)) + b"}\n",
    "a long line": lambda _: b'{"time":"' + b"x" * 3 * MIB,
    "more than the limit": lambda _: bytes(100 * MIB),
}
SETTINGS: dict[str, Attack] = {
    "empty lists": lambda good: good + b"more: [" + b"[]," * 19_000 + b"]\n",
    "numbers": lambda good: good + b"more: [" + b"1," * 28_000 + b"]\n",
    "keys": lambda good: good + b"".join(b"k%d: 1\n" % n for n in range(5_500)),
    "aliases": lambda good: good + b"a: &a [x,x]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (n, n) for n in range(50)),
    "interpolations": lambda good: good + b"x0: " + b"x" * 30_000 + b"\n"
    + b"".join(b"x%d: ${x%d}${x%d}\n" % (n, n - 1, n - 1) for n in range(1, 9)),
    "long text": lambda good: good + b"more: " + b"x" * 50_000,
    "depth": lambda good: good + b"more: " + b"[" * 25_000 + b"]" * 25_000,
    "more than the limit": lambda _: b"a: [" + b"[]," * 10 * MIB + b"]",
}  # fmt: skip


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


def png(width: int, height: int, mode: str = "L", **options: Any) -> bytes:
    Image.new(mode, (width, height)).save(content := io.BytesIO(), "png", **options)
    return content.getvalue()


def tags(count: int, size: int) -> bytes:
    """TIFF data of so many tags, which all have the same bytes."""
    entries = b"".join(struct.pack("<HHLL", 1000 + n, 7, size, 0) for n in range(count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4) + bytes(max(0, size - 12 * count))


def jpeg(marker: int, data: bytes) -> bytes:
    """A JPEG file with this data in segments, as Pillow joins them."""
    Image.new("RGB", (8, 8)).save(content := io.BytesIO(), "jpeg")
    head, name = content.getvalue(), b"Exif\0\0" if marker == 0xE1 else b"MPF\0"
    parts = [data[start : start + 65_000] for start in range(0, len(data), 65_000)]
    segments = [struct.pack(">BBH", 255, marker, len(name) + len(part) + 2) + name + part for part in parts]
    return head[:2] + b"".join(segments) + head[20:]  # without JFIF's resolution, for which Pillow then asks EXIF


def tiff(**options: Any) -> bytes:
    Image.new("RGB", (64, 64)).save(content := io.BytesIO(), "tiff", **options)
    return content.getvalue()


def tiff_tag(content: bytes, tag: int, value: int) -> bytes:
    """A TIFF file with another value, a LONG, of a tag that it has."""
    (start,) = struct.unpack_from("<L", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    changed = bytearray(content)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, at)[0] == tag:
            struct.pack_into("<HHLL", changed, at, tag, 4, 1, value)
    return bytes(changed)


def tiled(tile: int) -> bytes:
    """A deflated TIFF file of one gray pixel, in a tile of this width and height."""
    data = zlib.compress(bytes(tile * tile), 9)
    values = {256: 1, 257: 1, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile, 324: 8, 325: len(data)}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in values.items())
    return b"II*\0" + struct.pack("<L", 8 + len(data)) + data + struct.pack("<H", len(values)) + entries + bytes(4)


def many_strips(count: int) -> bytes:
    """An uncompressed TIFF file of one row with so many strips."""
    values = {
        256: (1, 1),
        257: (1, 1),
        258: (1, 8),
        259: (1, 1),
        262: (1, 1),
        273: (count, 8),
        277: (1, 1),
        278: (1, 1),
    }
    start = 8 + 2 * count
    entries = b"".join(struct.pack("<HHLL", tag, 3 if n > 1 else 4, n, value) for tag, (n, value) in values.items())
    return b"II*\0" + struct.pack("<L", start) + bytes(2 * count) + struct.pack("<H", len(values)) + entries + bytes(4)


def fits(side: int) -> bytes:
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
             f"NAXIS1  = {side:20}", f"NAXIS2  = {side:20}", "END")  # fmt: skip
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)


def other_format(name: str) -> Attack:
    def attack(_: bytes) -> bytes:
        Image.new("RGB", (64, 64)).save(content := io.BytesIO(), name)
        return content.getvalue()

    return attack


IMAGES: dict[str, Attack] = {
    "as many pixels as are allowed": lambda _: png(7000, 7000, "RGBA"),
    "as many gray pixels": lambda _: png(7000, 7000, "L"),
    "a palette with transparency": lambda _: png(7000, 7000, "P", transparency=0),
    "one column": lambda _: png(1, 60_000, "LA"),
    "too many pixels": lambda _: png(9000, 9000),
    "a long row": lambda _: png(40_000_000, 1),
    "two copies of 16 bits": lambda _: png(7000, 7000, "I;16"),
    "tags that share their bytes": lambda _: tags(5000, 3 * MIB),
    "EXIF tags that share their bytes": lambda _: jpeg(0xE1, tags(5000, 64_000)),
    "EXIF over segments": lambda _: jpeg(0xE1, tags(5000, 3 * MIB)),
    "pictures that share their bytes": lambda _: jpeg(0xE2, tags(5000, 60_010)),
    "EXIF in PNG": lambda _: png(8, 8, exif=tags(5000, 3 * MIB)),
    "a large tile": lambda _: tiled(16_000),
    "many strips": lambda _: many_strips(3_000_000),
    "rows of a strip": lambda _: tiff_tag(tiff_tag(tiff(compression="tiff_deflate"), 278, 2**31), 257, 2**19),
    "samples": lambda _: tiff_tag(tiff(compression="tiff_lzw"), 277, 2**28),
    "FITS": lambda _: fits(60_000),
    "JPEG 2000": other_format("JPEG2000"),
    "ICNS": other_format("ICNS"),
    "IM": other_format("IM"),
    "PDF": other_format("PDF"),
    "more than the limit": lambda good: good + bytes(400 * MIB),
}  # fmt: skip
