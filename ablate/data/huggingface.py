"""Data sets in the format of the library `datasets` of Hugging Face: a local folder, or one of the Hub.

No code of a data set runs: of the library's readers, only those in `READERS` are used, none of which runs any.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from ablate.data.class_order import class_order
from ablate.data.images import Images, NoTestImages, Part
from ablate.data.labeled_files import LabeledFiles, load
from ablate.data.unpacked_files import unpacked
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number, did_you_mean, first_few, plural, printable

READERS = ("parquet", "arrow", "imagefolder", "webdataset")
VALIDATION = ("validation", "valid", "val", "dev")  # the usual names of the split
INSTALL = "data=huggingface needs the package datasets, version 4 or later. Run: pip install 'hydra-ablate[data]'"


def huggingface(
    root: str | None,
    name: str | None,
    subset: str | None,
    image_column: str | None,
    label_column: str | None,
    train_split: str,
    val_split: str | None,
    test_split: str | None,
    image_size: int,
    memory_limit: float,
    part: Part,
    resize: str = "square",
    crop_fraction: float = 0.875,
) -> Images:
    """Load the images of a data set. Those of its validation split, if it has one, follow the training images.

    Args:
        root: folder written by `save_to_disk`, or with Parquet files or images; None: `name` is used.
        name: name on the Hub, such as `uoft-cs/cifar10`; None: `root` is used.
        subset: the configuration of the data set, if it has several.
        image_column: None: the only column of images.
        label_column: None: the only column of class labels, else `label`.
        train_split: name of the training split.
        val_split: name of the validation split; None: `validation`, `valid`, `val` or `dev` if there is one.
        test_split: name of the test split; None: `test` if there is one.
        image_size: height and width of an image, in pixels.
        memory_limit: in GiB. Decoded images that take more are streamed from the cache instead of loaded into memory.
        part: train or test.
        resize: see `labeled_files.load`.
        crop_fraction: see there.

    Returns:
        RGB images, uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: the data set cannot be loaded, or lacks a split, a column or labels.
    """
    where = str(Path(root).expanduser()) if root else str(name)
    splits = _open(root, name, subset)
    train = _split(splits, "data.train_split", train_split, where)
    image, label = _columns(train.features, image_column, label_column, where)
    val = next((one for one in VALIDATION if one in splits), None) if val_split is None else val_split
    if part == "test":
        if test_split is None and "test" not in splits:
            raise NoTestImages(f"{where} has no split test (its splits: {first_few(splits)}). Set data.test_split.")
        chosen = {test_split or "test": _split(splits, "data.test_split", test_split or "test", where)}
    else:
        chosen = {train_split: train} | ({val: _split(splits, "data.val_split", val, where)} if val else {})
    names = _class_names([train, *([splits[val]] if val in splits else [])], label)
    labels, files = [], []
    for title, one in chosen.items():
        labels += _labels(one, label, names, f"{where}, split {title}")
        files += unpacked(one, image, f"{where}, split {title}")
    position = {name: index for index, name in enumerate(dict.fromkeys(names.values()))}
    return load(
        LabeledFiles(
            root=Path("/"),
            files=files,
            labels=[position[label] for label in labels],
            classes=tuple(position),
            validation=np.arange(len(files)) >= len(train) if part == "train" and val else None,
        ),
        image_size,
        memory_limit,
        resize,
        crop_fraction,
    )


def _open(root: str | None, name: str | None, subset: str | None) -> dict[str, Any]:
    """The splits of a data set by name."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(INSTALL) from error
    if int(datasets.__version__.partition(".")[0]) < 4:  # earlier versions run scripts
        raise InputError(INSTALL)
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    folder = Path(root).expanduser() if root else None
    if folder and not folder.is_dir():
        raise InputError(f"The folder data.root={folder} does not exist.")
    try:
        if folder and any((folder / file).is_file() for file in ("dataset_dict.json", "state.json")):
            content = datasets.load_from_disk(str(folder))
        else:
            builder = datasets.load_dataset_builder(str(folder or name), subset)
            reader = type(builder).__module__.rpartition(".")[2]
            if reader not in READERS:
                raise InputError(
                    f"{folder or name} is read as {reader}, which is not supported: only {', '.join(READERS)} are."
                )
            builder.download_and_prepare()
            content = builder.as_dataset()
    except InputError:
        raise
    except Exception as error:  # of many kinds: no network, no such data set, no such subset, damaged files
        raise InputError(_explained(folder, name, error)) from error
    return dict(content) if isinstance(content, dict) else {str(content.split or "train"): content}


def _explained(folder: Path | None, name: str | None, error: Exception) -> str:
    """Why a data set was not loaded, and what to do."""
    reason = shorter if len(shorter := " ".join(str(error).split())) < 300 else f"{shorter[:300]}..."
    reason = printable(reason) or type(error).__name__
    if folder:
        return f"{folder} cannot be read as a data set of Hugging Face ({reason})."
    return (
        f"{name} could not be loaded from the Hugging Face Hub ({reason}). Without a network: save it elsewhere with"
        f" datasets.load_dataset({name!r}).save_to_disk(FOLDER), and set data.name=null data.root=FOLDER."
    )


def _split(splits: dict[str, Any], key: str, name: str, where: str) -> Any:
    if name not in splits:
        raise InputError(f"{key}={name}: {where} has no such split. Its splits: {first_few(splits)}.")
    return splits[name]


def _columns(features: Any, image: str | None, label: str | None, where: str) -> tuple[str, str]:
    """The names of the columns with the images and with the labels."""
    import datasets

    listed = first_few([f"{name} ({type(kind).__name__})" for name, kind in features.items()], 10)
    for key, column in (("data.image_column", image), ("data.label_column", label)):
        if column is not None and column not in features:
            near = did_you_mean(column, features, prefix=f"{key}=") or f" Its columns: {listed}."
            raise InputError(f"{key}={column}: {where} has no such column.{near}")
    images = [name for name, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    labels = labels if len(labels) == 1 else [name for name in ("label",) if name in features]
    for key, column, candidates in (("image", image, images), ("label", label, labels)):
        if column is None and len(candidates) != 1:
            raise InputError(f"{where}: set data.{key}_column to the column of the {key}s. Its columns: {listed}.")
    if image is not None and image not in images:
        raise InputError(f"data.image_column={image} does not hold images. Columns of {where}: {listed}.")
    return image or images[0], label or labels[0]


def _class_names(splits: list[Any], label: str) -> dict[Any, str]:
    """The name of the class of each label, in the order of the classes."""
    names = getattr(splits[0].features[label], "names", None)
    if names is not None:
        return dict(enumerate(names))
    texts = [str(value) for split in splits for value in split[label][:] if value is not None]
    return class_order(text for text in texts if text.strip())


def _labels(split: Any, label: str, names: dict[Any, str], where: str) -> list[str]:
    """The name of the class of each image. Raises InputError if one has no label, or one that is not of training."""
    values = list(split[label][:])
    keys = values if isinstance(next(iter(names), None), int) else [str(value) for value in values]
    if without := sum(key not in names for key in keys):
        raise InputError(
            f"{where}: {without:,} of {plural(len(keys), 'image')} {by_number(without, 'has', 'have')} no label, or one"
            " that no training image has."
        )
    return [names[key] for key in keys]
