"""Your own image files: `train/<class>/*` and, optionally, `val/<class>/*` and `test/<class>/*`."""

import logging
from pathlib import Path

import numpy as np

from ablate.config.quoting import renamed
from ablate.data import cache
from ablate.data.images import Images, NoTestImages, Part
from ablate.data.labeled_files import LabeledFiles, load
from ablate.data.walk import entries, files
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural, printable

log = logging.getLogger(__name__)

VALIDATION = ("val", "valid", "validation")  # the usual names of the folder


def image_folder(
    root: str,
    image_size: int,
    memory_limit: float,
    part: Part,
    resize: str = "square",
    crop_fraction: float = 0.875,
) -> Images:
    """Load the images in `root`/`part`, sorted by path; in the train part, those in val/ follow as the validation set.

    Each folder in train/ is a class; classes are sorted by name. Images may lie in subfolders of their class. Hidden
    files are ignored; any other file must be an image (see `decode.decode`). Decoded images are cached (see `cache`).

    Args:
        root: folder that contains train/ and, optionally, val/ (or valid/, validation/) and test/.
        image_size: height and width of an image, in pixels.
        memory_limit: in GiB. Decoded images that take more are streamed from the cache instead of loaded into memory.
        part: train or test.
        resize: square, which ignores the aspect ratio, or shorter: only the shorter side is resized, and the center is
            cropped.
        crop_fraction: with shorter, height and width of the center crop as a fraction of the resized shorter side.

    Returns:
        RGB images, uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: the folder has another layout, or files cannot be decoded (it names them).
    """
    folder = Path(root).expanduser()
    val = _validation_folder(folder)
    classes = _classes(folder, val)
    if part == "train" and (message := unused(root)):
        log.info("%s", message)  # `ablate data` prints it as a warning
    listing, labels = class_folders(folder, part, classes)
    validation = None
    if part == "train" and val:
        val_listing, val_labels = class_folders(folder, val, classes)
        validation = np.arange(len(listing) + len(val_listing)) >= len(listing)
        listing, labels = listing + val_listing, labels + val_labels
    labeled = LabeledFiles(folder, listing, labels, classes, validation)
    return load(labeled, image_size, memory_limit, resize, crop_fraction)


def unused(root: str) -> str:
    """A sentence on what lies next to train/, val/ and test/ and is therefore not read; empty if nothing does."""
    folder = Path(root).expanduser()
    read = ("train", *VALIDATION, "test")
    names = [entry.name for entry in entries(folder) if entry.name not in read and entry.is_dir()]
    if not names:
        return ""
    return f"Not used in {folder}: {first_few([f'{name}/' for name in names])}. Only train/, val/ and test/ are read."


def _validation_folder(folder: Path) -> str | None:
    """The name of the folder with the validation images; None if there is none."""
    names = [name for name in VALIDATION if (folder / name).is_dir()]
    if len(names) > 1:
        raise InputError(f"{folder} has the folders {' and '.join(names)}. Keep one of them as the validation set.")
    return names[0] if names else None


def class_folders(folder: Path, part: str, classes: tuple[str, ...]) -> tuple[list[cache.File], list[int]]:
    """List the files in the class folders of `folder`/`part`, and the class index of each."""
    if not (folder / part).is_dir():
        raise NoTestImages(f"{folder} has no test images. Put them into {folder / 'test'}, one folder per class.")
    listing, labels = [], []
    for name in _folders(folder / part):
        of_class = list(files(folder, f"{part}/{name}"))
        if not of_class:
            raise InputError(f"The class folder {folder / part / name} has no images. Fill it or remove it.")
        listing += of_class
        labels += [classes.index(name)] * len(of_class)
    if not listing:
        raise InputError(f"{folder / part} has no class folders. Put images into {folder / part}/<class>/.")
    return listing, labels


def _classes(folder: Path, val: str | None) -> tuple[str, ...]:
    """Return the class names, the folders of train/; check that the validation folder and test/ have no others."""
    if not folder.is_dir():
        raise InputError(f"The folder data.root={folder} does not exist.")
    if not (folder / "train").is_dir():
        raise InputError(f"{folder} has no folder train. Put the training images into {folder}/train/<class>/.")
    classes = _folders(folder / "train")
    if len(classes) < 2:
        raise InputError(f"{folder / 'train'} has {plural(len(classes), 'class folder')}, but at least 2 are needed.")
    for part in filter(None, (val, "test")):
        unknown = [name for name in _folders(folder / part) if name not in classes] if (folder / part).is_dir() else []
        if unknown:
            raise InputError(
                f"{folder / part} has classes that are not in train: {first_few(unknown)}. Rename or remove them."
            )
    return tuple(classes)


def _folders(folder: Path) -> list[str]:
    """Return the names of the class folders, sorted. Raises InputError for a file next to them, which has no class."""
    content = entries(folder)
    stray = [entry.path for entry in content if not entry.is_dir()]
    if stray:
        raise InputError(f"{stray[0]} is not in a class folder ({plural(len(stray), 'such file')}). Move or remove it.")
    for entry in content:
        if renaming := renamed(entry.path):
            raise InputError(
                f"The class folder {printable(entry.path)} has a name that is not valid UTF-8, so a run cannot record"
                f" it. {renaming}"
            )
    return [entry.name for entry in content]
