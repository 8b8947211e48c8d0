"""Data sets downloaded by torchvision, at their native image size.

Each function returns the train or test part as `Images`. It takes `root`, the folder of the files, and downloads those
that are missing or damaged. If that fails it raises InputError with instructions for a manual download.
"""

import contextlib
import gzip
import logging
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from ablate.data.images import Images, Part
from ablate.files import atomic, bounded
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
_DIGITS = tuple(str(digit) for digit in range(10))
_STL10_CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
_TIMEOUT_SECONDS = 30  # after which a silent server counts as unreachable


def cifar10(root: str, part: Part) -> Images:
    """CIFAR-10, color, 32x32, 10 classes, 50,000 + 10,000 images. Source: Krizhevsky (2009)."""
    return _cifar("CIFAR10", root, part)


def cifar100(root: str, part: Part) -> Images:
    """CIFAR-100, color, 32x32, 100 classes (fine labels), 50,000 + 10,000 images. Source: Krizhevsky (2009)."""
    return _cifar("CIFAR100", root, part)


def svhn(root: str, part: Part) -> Images:
    """Street View House Numbers, color, 32x32, 10 digits, 73,257 + 26,032 images. Source: Netzer et al. (2011)."""
    data = _open("SVHN", root, lambda kind: [kind.split_list[part][0]], split=part)
    return _images(data.data, data.labels, _DIGITS)


def mnist(root: str, part: Part) -> Images:
    """MNIST, grayscale, 28x28, 10 digits, 60,000 + 10,000 images. Source: LeCun et al. (1998)."""
    data = _mnist("MNIST", root, part)
    return _images(data.data[:, None], data.targets, _DIGITS)


def fashion_mnist(root: str, part: Part) -> Images:
    """Fashion-MNIST, grayscale, 28x28, 10 kinds of clothing, 60,000 + 10,000 images. Source: Xiao et al. (2017)."""
    data = _mnist("FashionMNIST", root, part)
    return _images(data.data[:, None], data.targets, tuple(data.classes))


def stl10(root: str, part: Part) -> Images:
    """Labeled images of STL-10, color, 96x96, 10 classes, 5,000 + 8,000 images. Source: Coates et al. (2011).

    The archive also contains 100,000 unlabeled images (2.6 GB), which torchvision requires; they are not used here.
    """
    data = _open("STL10", root, lambda kind: [kind.url], split=part)
    return _images(data.data, data.labels, _STL10_CLASSES)


def _cifar(name: str, root: str, part: Part) -> Images:
    data = _open(name, root, lambda kind: [kind.url], train=part == "train")
    return _images(data.data.transpose(0, 3, 1, 2), data.targets, tuple(data.classes))


def _mnist(name: str, root: str, part: Part) -> Any:
    def urls(kind: Any) -> list[str]:
        return [kind.mirrors[0] + file for file, _ in kind.resources]

    _restore_unpacked(Path(root).expanduser() / name / "raw")
    return _open(name, root, urls, subfolder=f"{name}/raw", train=part == "train")


def _restore_unpacked(folder: Path) -> None:
    """Unpack the archives in a folder again whose unpacked file was damaged since; torchvision does not check those.

    The last 8 bytes of a gzip file are the CRC-32 and the size of its content.

    Raises:
        InputError: the archive is damaged too, or cannot be unpacked.
    """
    for packed in folder.glob("*.gz"):
        unpacked = packed.with_suffix("")
        if not unpacked.is_file():
            continue
        content = unpacked.read_bytes()
        recorded = zlib.crc32(content).to_bytes(4, "little") + (len(content) % 2**32).to_bytes(4, "little")
        if recorded == bounded.tail(packed, 8):
            continue
        try:
            atomic.write_bytes(unpacked, gzip.decompress(packed.read_bytes()))
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"{unpacked} differs from its archive {packed.name}, which cannot be unpacked ({error}). Delete both;"
                " they are then downloaded again."
            ) from error
        log.warning("%s was damaged. Unpacked it again from %s.", unpacked, packed.name)


def _open(name: str, root: str, urls: Callable[[Any], list[str]], subfolder: str = "", **part: Any) -> Any:
    """Open a data set of torchvision, and download it first if files are missing or damaged.

    Args:
        name: its class in `torchvision.datasets`.
        root: folder of the files.
        urls: function of that class that returns the addresses of the files, for a manual download.
        subfolder: where below `root` these files go.
        part: further arguments of the class, which select the train or test part.
    """
    from ablate.backend.torchvision import torchvision

    kind = getattr(torchvision.datasets, name)
    folder = Path(root).expanduser()
    with contextlib.suppress(Exception):  # torchvision's readers fail in many ways on a missing or damaged file
        return kind(folder, **part)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{name}.lock"), timeout():  # parallel runs download only once
            return kind(folder, download=True, **part)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name} is missing or damaged in {folder} and could not be downloaded ({reason}). Delete damaged files"
            f" there and put {', '.join(urls(kind))} into {folder / subfolder} yourself, or change data.root."
        ) from error


@contextlib.contextmanager
def timeout() -> Iterator[None]:
    """Limit how long connections opened in the block wait for a silent server; by default they wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _images(pixels: Any, labels: Any, classes: tuple[str, ...]) -> Images:
    """Convert pixels, uint8 (N, C, H, W), and integer labels (N,), as arrays, tensors or lists, to `Images`."""
    return Images(
        torch.from_numpy(np.ascontiguousarray(pixels)),
        torch.from_numpy(np.asarray(labels, dtype=np.int64)),
        classes,
    )
