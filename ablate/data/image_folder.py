"""Your own image files: `train/<class>/*` and, optionally, `test/<class>/*`."""

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from ablate.data import cache
from ablate.data.images import Images, NoTestImages, Part
from ablate.errors import InputError

_DESKTOP = {"thumbs.db", "desktop.ini"}  # left by Windows; the other hidden files start with a dot


def image_folder(root: str, image_size: int, part: Part) -> Images:
    """The images under `root`/`part`, RGB (N, 3, image_size, image_size), in the order of their paths.

    Each folder in train/ is a class, in the order of their names; sub-folders of a class belong to it. Hidden files
    are ignored; any other file must be an image (see `decode.decode` for how it is read). Decoded once: see `cache`.

    Raises InputError for a folder not laid out so, and for files that cannot be read, which it names.
    """
    folder, classes = Path(root).expanduser(), _classes(Path(root).expanduser())
    files, labels = _labelled(folder, part, classes)
    pixels = cache.pixels(folder, files, image_size)
    return Images(torch.from_numpy(pixels), torch.tensor(labels), classes)


def paths(root: str, part: Part) -> list[str]:
    """The files that `image_folder` reads, one an image, in its order; raises what it raises for the folder."""
    folder = Path(root).expanduser()
    return [f"{folder}/{file.name}" for file in _labelled(folder, part, _classes(folder))[0]]


def _labelled(folder: Path, part: Part, classes: tuple[str, ...]) -> tuple[list[cache.File], list[int]]:
    """The files of a part, and the class of each."""
    if not (folder / part).is_dir():
        raise NoTestImages(f"{folder} has no test images. Put them into {folder / 'test'}, one folder a class.")
    files, labels = [], []
    for name in _folders(folder / part):
        found = list(_files(folder, f"{part}/{name}"))
        if not found:
            raise InputError(f"The class folder {folder / part / name} has no images. Fill it or remove it.")
        files += found
        labels += [classes.index(name)] * len(found)
    if not files:
        raise InputError(f"{folder / part} has no class folders. Put images into {folder / part}/<class>/.")
    return files, labels


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
    entries = _entries(folder)
    stray = [entry.path for entry in entries if not entry.is_dir()]
    if stray:
        raise InputError(f"{stray[0]} is not in a class folder ({len(stray)} such files). Move or remove it.")
    return [entry.name for entry in entries]


def _files(root: Path, name: str, above: tuple[Path, ...] = ()) -> Iterator[cache.File]:
    """All files below `root`/`name`, in the order of their paths; links are followed."""
    real = (root / name).resolve()
    if real in above:
        raise InputError(f"{root / name} is a link to a folder it lies in. Remove it.")
    for entry in _entries(root / name):
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _files(root, inner, (*above, real))
        else:
            known = _stat(entry)
            yield cache.File(inner, known.st_size, known.st_mtime_ns, known.st_ctime_ns)


def _stat(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat()
    except OSError as error:
        raise InputError(f"{entry.path} cannot be read ({error.strerror}). Replace or remove it.") from error


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted by name, without hidden files."""
    try:
        with os.scandir(folder) as entries:
            visible = [e for e in entries if not e.name.startswith(".") and e.name.lower() not in _DESKTOP]
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read ({error.strerror}).") from error
    return sorted(visible, key=lambda entry: entry.name)
