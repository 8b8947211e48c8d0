"""Your own image files: `train/<class>/*` and, optionally, `test/<class>/*`."""

from pathlib import Path

import torch

from ablate.data import cache
from ablate.data.images import Images, NoTestImages, Part
from ablate.data.streamed import Streamed
from ablate.data.walk import entries, files
from ablate.files.bounded import GIB
from ablate.terminal.errors import InputError


def image_folder(root: str, image_size: int, memory_limit: float, part: Part) -> Images:
    """The images under `root`/`part`, RGB (N, 3, image_size, image_size), in the order of their paths.

    Each folder in train/ is a class, in the order of their names; sub-folders of a class belong to it. Hidden files
    are ignored; any other file must be an image (see `decode.decode` for how it is read). Decoded once: see `cache`.
    Those that take more than `memory_limit` GiB are streamed from there.

    Raises InputError for a folder not laid out so, and for files that cannot be read, which it names.
    """
    folder, classes = Path(root).expanduser(), _classes(Path(root).expanduser())
    listed, labels = _labelled(folder, part, classes)
    streamed = len(listed) * 3 * image_size**2 > memory_limit * GIB
    pixels = cache.pixels(folder, listed, image_size, streamed)
    return Images(Streamed(pixels) if streamed else torch.from_numpy(pixels), torch.tensor(labels), classes)


def paths(root: str, part: Part) -> list[str]:
    """The files that `image_folder` reads, one an image, in its order; raises what it raises for the folder."""
    folder = Path(root).expanduser()
    return [f"{folder}/{file.name}" for file in _labelled(folder, part, _classes(folder))[0]]


def _labelled(folder: Path, part: Part, classes: tuple[str, ...]) -> tuple[list[cache.File], list[int]]:
    """The files of a part, and the class of each."""
    if not (folder / part).is_dir():
        raise NoTestImages(f"{folder} has no test images. Put them into {folder / 'test'}, one folder a class.")
    listed, labels = [], []
    for name in _folders(folder / part):
        found = list(files(folder, f"{part}/{name}"))
        if not found:
            raise InputError(f"The class folder {folder / part / name} has no images. Fill it or remove it.")
        listed += found
        labels += [classes.index(name)] * len(found)
    if not listed:
        raise InputError(f"{folder / part} has no class folders. Put images into {folder / part}/<class>/.")
    return listed, labels


def _classes(folder: Path) -> tuple[str, ...]:
    """The class names, checked by the folders of train/ and, where there is one, test/."""
    if not folder.is_dir():
        raise InputError(f"The folder data.root={folder} does not exist.")
    if not (folder / "train").is_dir():
        raise InputError(f"{folder} has no folder train. Put the training images into {folder}/train/<class>/.")
    classes = _folders(folder / "train")
    if len(classes) < 2:
        raise InputError(f"{folder / 'train'} has {len(classes)} class folders, but at least 2 are needed.")
    if (folder / "test").is_dir():
        unknown = [name for name in _folders(folder / "test") if name not in classes]
        if unknown:
            raise InputError(f"{folder / 'test'} has classes that train has not: {', '.join(unknown)}. Rename them.")
    return tuple(classes)


def _folders(folder: Path) -> list[str]:
    """Names of the class folders, sorted; a file beside them is refused, as it has no class."""
    found = entries(folder)
    stray = [entry.path for entry in found if not entry.is_dir()]
    if stray:
        raise InputError(f"{stray[0]} is not in a class folder ({len(stray)} such files). Move or remove it.")
    return [entry.name for entry in found]
