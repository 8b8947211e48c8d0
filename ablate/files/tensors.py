"""Read a file of `torch.save` that may come from an untrusted source: first what is in it, then its tensors.

PyTorch's own reader finds the zip directory in other ways than Python's, and allocates what a file states. Here, the
pickle is read with stand-ins for tensors. They are checked before any number is read, and nothing in it can be called.
"""

import hashlib
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ablate.files import archive, bounded
from ablate.files.restricted_pickle import StateDict, Stored, unpickled

PICKLE = bounded.MIB  # bytes of the pickle, and 4 KiB for each tensor of the network


class Limit(NamedTuple):
    """The number and the total size of the tensors that a file may hold.

    Attributes:
        tensors: number of tensors of the network.
        size: largest total size of all tensors, in bytes.
    """

    tensors: int
    size: int

    @property
    def operations(self) -> int:
        """Largest number of operations of the pickle; a checkpoint with Adam and an average has 160 for each tensor."""
        return 20_000 + 1000 * self.tensors

    @property
    def pickle(self) -> int:
        """Largest size of the pickle, in bytes."""
        return PICKLE + 4 * bounded.KIB * self.tensors


class Saved:
    """An open file.

    Attributes:
        content: what was saved, with `Stored` in place of each tensor.
    """

    def __init__(self, file: zipfile.ZipFile, root: str, content: Any) -> None:
        self.file, self.root, self.content = file, root, content
        self.storages: dict[str, bytearray] = {}

    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        assert self.file.fp is not None
        self.file.fp.seek(0)
        digest = hashlib.sha256()
        while block := self.file.fp.read(bounded.MIB):
            digest.update(block)
        return digest.hexdigest()

    def tensors(self, part: Any) -> Any:
        """Read a part of the content with its tensors."""
        if isinstance(part, Stored):
            return self._tensor(part)
        if isinstance(part, Counter):
            return Counter(dict(part))
        if isinstance(part, StateDict):
            return part.with_values(self.tensors)
        if isinstance(part, dict):
            return {key: self.tensors(value) for key, value in part.items()}
        return type(part)(map(self.tensors, part)) if isinstance(part, list | tuple) else part

    def _tensor(self, stored: Stored) -> Tensor:
        if not stored.elements:
            return torch.empty(stored.shape, dtype=stored.dtype)
        if stored.key not in self.storages:
            member = self.file.getinfo(f"{self.root}/data/{stored.key}")
            with self.file.open(member) as stream:  # reading it to its end checks its checksum
                self.storages[stored.key] = bytearray(stream.read(member.file_size))
        flat = torch.frombuffer(self.storages[stored.key], dtype=stored.dtype)
        return flat.as_strided(stored.shape, stored.stride, stored.offset)


@contextmanager
def opened(path: Path, limit: Limit) -> Iterator[Saved]:
    """Open a file of `torch.save` and check all of it but the numbers of its tensors.

    Raises:
        InputError: the file is too large.
        Exception: any other kind, for a damaged file, or for one that holds anything else than plain values and
            tensors whose elements all have their own place.
    """
    members = 16 + 16 * limit.tensors + 16
    with archive.opened(path, members, limit.size + limit.pickle + bounded.MIB) as file:
        (name,) = (name for name in file.namelist() if name.endswith("/data.pkl"))
        root = name.removesuffix("/data.pkl")
        if f"{root}/byteorder" in file.namelist():
            with file.open(f"{root}/byteorder") as stream:
                if stream.read(8) != b"little":
                    raise ValueError("it was written by a machine with another byte order")
        bounded.check(path, "has a pickle of", file.getinfo(name).file_size, limit.pickle)
        with file.open(name) as stream:
            content = unpickled(stream.read(limit.pickle), limit.operations)
        _check(file, root, content, limit)
        yield Saved(file, root, content)


def same_shapes(content: Any, state: Mapping[str, Any]) -> bool:
    """True if a part of the content has the keys of a state_dict, and tensors of the same shapes."""
    if not isinstance(content, dict) or content.keys() != state.keys():
        return False
    for key, value in state.items():
        if isinstance(value, Tensor):
            if not isinstance(content[key], Stored) or content[key].shape != tuple(value.shape):
                return False
        elif isinstance(value, Mapping):
            if not same_shapes(content[key], value):
                return False
        elif value is not None and content[key] is not None and _kind(content[key]) is not _kind(value):
            return False
    return True


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) else type(value)


def _check(file: zipfile.ZipFile, root: str, content: Any, limit: Limit) -> None:
    """Raise unless content is plain, and its tensors fit their storages and the limit."""
    visits = size = 0
    waiting = [content]
    while waiting:
        value = waiting.pop()
        visits += 1
        if visits > limit.operations:  # lists that contain the same list many times
            raise ValueError(f"it has more than {limit.operations:,} values")
        if isinstance(value, Stored):
            value.check()
            size += value.nbytes
            if size > limit.size:
                raise ValueError(f"its tensors take more than {limit.size:,} bytes")
            bytes_ = value.elements * value.dtype.itemsize
            if value.elements and file.getinfo(f"{root}/data/{value.key}").file_size != bytes_:
                raise ValueError("a storage has another size than stated")
        elif isinstance(value, dict):
            if not all(type(key) in (str, int) for key in value):
                raise ValueError("a key is neither text nor a number")
            waiting += value.values()
        elif type(value) in (list, tuple):
            waiting += value
        elif value is not None and type(value) not in (str, int, float, bool, torch.dtype):
            raise ValueError(f"it contains a {type(value).__name__}")
