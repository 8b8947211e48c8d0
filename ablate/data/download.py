"""Data sets that torchvision fetches and reads, at their native size.

Each function returns the `train` or `test` part as `Images`. `root` is the folder the files are kept in; what is not
there, or is damaged, is downloaded. Raises InputError, saying what to put where, if that fails.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from ablate.data.images import Images, Part
from ablate.terminal.errors import InputError

_DIGITS = tuple(str(digit) for digit in range(10))
_STL10_CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
_SILENCE_S = 30  # a server silent for so many seconds is taken to be out of reach


def cifar10(root: str, part: Part) -> Images:
    """CIFAR-10, colour, 32x32, 10 classes, 50,000 + 10,000 images (Krizhevsky 2009)."""
    return _cifar("CIFAR10", root, part)


def cifar100(root: str, part: Part) -> Images:
    """CIFAR-100, colour, 32x32, 100 classes (the fine labels), 50,000 + 10,000 images (Krizhevsky 2009)."""
    return _cifar("CIFAR100", root, part)


def svhn(root: str, part: Part) -> Images:
    """Street View House Numbers, colour, 32x32, 10 digits, 73,257 + 26,032 images (Netzer et al. 2011)."""
    data = _open("SVHN", root, lambda kind: [kind.split_list[part][0]], split=part)
    return _images(data.data, data.labels, _DIGITS)


def mnist(root: str, part: Part) -> Images:
    """MNIST, grey, 28x28, 10 digits, 60,000 + 10,000 images (LeCun et al. 1998)."""
    data = _mnist("MNIST", root, part)
    return _images(data.data[:, None], data.targets, _DIGITS)


def fashion_mnist(root: str, part: Part) -> Images:
    """Fashion-MNIST, grey, 28x28, 10 kinds of clothing, 60,000 + 10,000 images (Xiao et al. 2017)."""
    data = _mnist("FashionMNIST", root, part)
    return _images(data.data[:, None], data.targets, tuple(data.classes))


def stl10(root: str, part: Part) -> Images:
    """STL-10's labelled images, colour, 96x96, 10 classes, 5,000 + 8,000 images (Coates et al. 2011).

    The one archive also holds 100,000 unlabelled images, 2.6 GB, which must be there but are not used.
    """
    data = _open("STL10", root, lambda kind: [kind.url], split=part)
    return _images(data.data, data.labels, _STL10_CLASSES)


def _cifar(name: str, root: str, part: Part) -> Images:
    data = _open(name, root, lambda kind: [kind.url], train=part == "train")
    return _images(data.data.transpose(0, 3, 1, 2), data.targets, tuple(data.classes))


def _mnist(name: str, root: str, part: Part) -> Any:
    def urls(kind: Any) -> list[str]:
        return [kind.mirrors[0] + file for file, _ in kind.resources]

    return _open(name, root, urls, subfolder=f"{name}/raw", train=part == "train")


def _open(name: str, root: str, urls: Callable[[Any], list[str]], subfolder: str = "", **part: Any) -> Any:
    """torchvision's data set `name` opened in `root`, downloaded first if it is not there whole.

    `urls` gives the addresses of the files for a download by hand, which go into `subfolder` of `root`.
    """
    from ablate.backend.torchvision import torchvision

    kind = getattr(torchvision.datasets, name)
    folder = Path(root).expanduser()
    with contextlib.suppress(Exception):  # torchvision's readers fail in many ways on a missing or damaged file
        return kind(folder, **part)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{name}.lock"), _silence_ends():  # runs that start together download once
            return kind(folder, download=True, **part)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name} is missing or damaged in {folder} and could not be downloaded ({reason}). Delete what is damaged"
            f" there and put {', '.join(urls(kind))} into {folder / subfolder} yourself, or change data.root."
        ) from error


@contextlib.contextmanager
def _silence_ends() -> Iterator[None]:
    """Connections opened inside give up on a silent server, where by default they wait without end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENCE_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _images(pixels: Any, labels: Any, classes: tuple[str, ...]) -> Images:
    """Images from uint8 (N, C, H, W) and integers (N,), either arrays, tensors or lists."""
    return Images(
        torch.from_numpy(np.ascontiguousarray(pixels)),
        torch.from_numpy(np.asarray(labels, dtype=np.int64)),
        classes,
    )
