"""The two-dimensional data sets of MedMNIST, with their own validation and test parts."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from ablate.data.download import timeout
from ablate.data.images import Images, Part
from ablate.files import arrays, bounded
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

LARGEST = 24 * bounded.GIB  # bytes of a file, unpacked; pathmnist of 224 pixels has 16 GB
MOST_IMAGES = range(1, 2**24)


def medmnist(root: str, name: str, size: int, part: Part) -> Images:
    """Load a data set of MedMNIST. Its validation part follows the training part, as the validation set.

    Args:
        root: folder of the file `NAME.npz`, or `NAME_SIZE.npz` for sizes other than 28. A missing file is downloaded.
        name: such as pathmnist.
        size: height and width of the images: 28, 64, 128 or 224.
        part: train or test.

    Returns:
        uint8 (N, 1 or 3, size, size)

    Raises:
        InputError: there is no such data set, its images have several labels or three dimensions, or its file is
            missing and cannot be downloaded, or damaged.

    Source: Yang et al. (2023).
    """
    info = facts(name)
    path = Path(root).expanduser() / f"{name}{_suffix(size)}.npz"
    if not path.exists():
        _download(path, info[f"url{_suffix(size)}"], info[f"MD5{_suffix(size)}"])
    shape = (size, size) if info["n_channels"] == 1 else (size, size, 3)
    pixels, labels = [], []
    for stored in ("train", "val") if part == "train" else ("test",):
        of_images, of_labels = f"{stored}_images", f"{stored}_labels"
        expected = {
            of_images: arrays.Expected("u", (MOST_IMAGES, *shape)),
            of_labels: arrays.Expected("iu", (MOST_IMAGES, 1)),
        }
        content = _read(path, expected)
        pixels.append(content[of_images].reshape(len(content[of_images]), *shape[:2], -1).transpose(0, 3, 1, 2))
        labels.append(content[of_labels][:, 0].astype(np.int64))
    first = len(labels[0])
    return Images(
        torch.from_numpy(np.concatenate(pixels)),
        torch.from_numpy(np.concatenate(labels)),
        tuple(info["label"].values()),
        validation=np.arange(sum(map(len, labels))) >= first if part == "train" else None,
    )


def facts(name: str) -> dict[str, Any]:
    """What the package medmnist states about a data set."""
    try:
        from medmnist.info import INFO
    except ImportError as error:
        raise InputError("data=medmnist needs the package medmnist. Run: pip install 'hydra-ablate[data]'") from error
    flat = {key: info for key, info in INFO.items() if not key.endswith("3d")}
    if name not in flat:
        known = did_you_mean(name, flat) or f" Data sets: {', '.join(flat)}."
        kind = "has images of three dimensions, which are not supported" if name in INFO else "does not exist"
        raise InputError(f"data.name={name} {kind}.{known}")
    if "multi-label" in flat[name]["task"]:
        raise InputError(f"data.name={name}: its images have several labels each, but one is needed.")
    return flat[name]


def _suffix(size: int) -> str:
    return "" if size == 28 else f"_{size}"


def _read(path: Path, expected: dict[str, arrays.Expected]) -> dict[str, np.ndarray]:
    try:
        return arrays.read(path, expected, LARGEST)
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise InputError(f"{path} is damaged ({error}). Delete it; it is then downloaded again.") from error


def _download(path: Path, url: str, md5: str) -> None:
    """Download a file and check its content. Raises InputError if that fails."""
    from ablate.backend.torchvision import torchvision

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / f".{path.name}.lock"), timeout():  # parallel runs download only once
            torchvision.datasets.utils.download_url(url, str(path.parent), path.name, md5)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} does not exist and could not be downloaded ({reason}). Download {url} yourself, or set"
            " data.root to the folder that has the file."
        ) from error
