"""Your own image files, listed in a table (CSV, TSV or Parquet) with their labels."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablate.data import table_columns
from ablate.data.cache import File
from ablate.data.class_order import class_order
from ablate.data.images import Images, NoTestImages, Part
from ablate.data.labeled_files import LabeledFiles, load
from ablate.data.walk import listed_file
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number, first_few, plural, printable

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
          "test": "test", "testing": "test"}  # fmt: skip  # what a split column may hold, in any case


@dataclass(frozen=True)
class Row:
    """An image: its path as in the table, its label, its part (train, val or test) and its group; "" if it has none."""

    path: str
    label: str
    part: str
    group: str


def table(
    root: str,
    file: str,
    path_column: str,
    label_column: str,
    split_column: str | None,
    val_file: str | None,
    test_file: str | None,
    group: str | None,
    suffix: str,
    image_size: int,
    memory_limit: float,
    part: Part,
    resize: str = "square",
    crop_fraction: float = 0.875,
) -> Images:
    """Load the images that a table lists, in the order of its rows.

    The train part is all rows that are not for testing. Rows for validation, if there are any, are the validation set.
    Classes are sorted by value if all labels are integers, else as text (see `class_order`).

    Args:
        root: folder that the paths in the table are relative to.
        file: the table, relative to `root`.
        path_column: column with the path of each image.
        label_column: column with its label.
        split_column: column with train, val or test; None: all rows are for training.
        val_file: another table, of the validation images.
        test_file: another table, of the test images.
        group: column whose equal values are never in two parts of a split, such as the patient.
        suffix: appended to each path, such as `.jpg`.
        image_size: height and width of an image, in pixels.
        memory_limit: in GiB. Decoded images that take more are streamed from the cache instead of loaded into memory.
        part: train or test.
        resize: see `labeled_files.load`.
        crop_fraction: see there.

    Returns:
        RGB images, uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: a table, a column, labels or files are missing, or a group is in two parts.
    """
    folder = Path(root).expanduser()
    if folder.is_file():
        raise InputError(f"data.root={root} is a file. Use data.root={folder.parent} data.file={folder.name}.")
    columns = {"data.path_column": path_column, "data.label_column": label_column}
    columns |= {"data.split_column": split_column} if split_column else {}
    columns |= {"data.group": group} if group else {}
    files = {"train": file, "val": val_file, "test": test_file}
    rows = [row for name, one in files.items() if one for row in _rows(_existing(folder, one), columns, name)]
    where = folder / file
    _check_once(rows, folder, where)
    if group:
        _check_groups(rows, where, group)
    chosen = [row for row in rows if (row.part == "test") == (part == "test")]
    if not chosen and part == "test":
        raise NoTestImages(f"{where} lists no test images. Name them with data.split_column or data.test_file.")
    if not chosen:
        raise InputError(f"{where} lists no image for training.")
    _check_labels(chosen, where)
    training = [row.label for row in rows if row.part != "test" and row.label]
    classes = tuple(dict.fromkeys(class_order(training).values()))
    names = class_order([*training, *(row.label for row in chosen)])  # 3.0 in a test table is class 3
    if unknown := sorted({row.label for row in chosen if names[row.label] not in classes}):
        raise InputError(f"{where}: test images have labels that no training image has: {_quoted(unknown)}.")
    position = {label: classes.index(name) for label, name in names.items() if name in classes}
    validation = np.array([row.part == "val" for row in chosen])
    has_validation = part == "train" and bool(validation.any())
    groups = np.unique([row.group for row in chosen], return_inverse=True)[1] if group else None
    return load(
        LabeledFiles(
            root=folder,
            files=_files(chosen, folder, suffix, where),
            labels=[position[row.label] for row in chosen],
            classes=classes,
            validation=validation if has_validation else None,
            groups=None if has_validation else groups,
        ),
        image_size,
        memory_limit,
        resize,
        crop_fraction,
    )


def _existing(folder: Path, file: str) -> Path:
    """The path of a table. Raises InputError if there is none."""
    path = folder / Path(file).expanduser()
    if not folder.is_dir():
        raise InputError(f"The folder data.root={folder} does not exist.")
    if not path.exists():
        tables = [one.name for one in sorted(folder.iterdir()) if one.suffix in (".csv", ".tsv", ".parquet")]
        advice = f" Tables in {folder}: {first_few(map(printable, tables))}." if tables else ""
        raise InputError(f"{path} does not exist.{advice} Set data.file=...")
    return path


def _rows(path: Path, columns: dict[str, str], part: str) -> list[Row]:
    """The rows of a table, for `part` unless a split column states it."""
    cells = table_columns.read(path, columns)
    paths, labels = cells["data.path_column"], cells["data.label_column"]
    parts = [SPLITS.get(cell.lower(), cell) for cell in cells.get("data.split_column", [part] * len(paths))]
    if unknown := {cell: count for cell, count in Counter(parts).items() if cell not in SPLITS.values()}:
        raise InputError(
            f"data.split_column={columns['data.split_column']}: {sum(unknown.values()):,} of"
            f" {plural(len(parts), 'row')} of {path} {by_number(sum(unknown.values()), 'has', 'have')} other values"
            f" than train, val and test: {_quoted(sorted(unknown))}."
        )
    if empty := paths.count(""):
        raise InputError(
            f"{empty:,} of {plural(len(paths), 'row')} of {path} {by_number(empty, 'has', 'have')} no path. Remove or"
            f" complete {by_number(empty, 'it', 'them')}."
        )
    groups = cells.get("data.group", [""] * len(paths))
    return [Row(*cells) for cells in zip(paths, labels, parts, groups, strict=True)]


def _check_labels(rows: Sequence[Row], table: Path) -> None:
    """Raise InputError if images have no label."""
    if missing := [printable(row.path) for row in rows if not row.label]:
        raise InputError(
            f"{table}: {len(missing):,} of {plural(len(rows), 'image')} {by_number(len(missing), 'has', 'have')} no"
            f" label: {first_few(missing, 3)}. Remove or complete {by_number(len(missing), 'its row', 'their rows')}."
        )


def _check_once(rows: Sequence[Row], folder: Path, table: Path) -> None:
    """Raise InputError if images are listed twice, be it by another path."""
    written = [row.path.replace("\\", "/") for row in rows]
    places = Counter(os.path.abspath(os.path.join(folder, path)) for path in written)
    twice = [path for path in dict.fromkeys(written) if places[os.path.abspath(os.path.join(folder, path))] > 1]
    if twice:
        raise InputError(
            f"{table} lists images more than once: {first_few(map(printable, twice), 3)}. Keep one row of each, with"
            " one label."
        )


def _check_groups(rows: Sequence[Row], table: Path, group: str) -> None:
    """Raise InputError if images have no group, all have the same one, or a group is in two parts."""
    where = f"data.group={group}: "
    if missing := sum(not row.group for row in rows):
        raise InputError(
            f"{where}{missing:,} of {plural(len(rows), 'row')} of {table} {by_number(missing, 'has', 'have')} no value."
            f" Complete or remove {by_number(missing, 'it', 'them')}."
        )
    parts: dict[str, set[str]] = {}
    for row in rows:
        parts.setdefault(row.group, set()).add(row.part)
    if len(parts) == 1:
        raise InputError(
            f"{where}all {len(rows):,} rows of {table} have the value {_quoted(parts)}, so a split by group is not"
            " possible. Name another column, or use data.group=null."
        )
    if shared := sorted(name for name, of_group in parts.items() if len(of_group) > 1):
        raise InputError(
            f"{where}{len(shared):,} of {len(parts):,} values {by_number(len(shared), 'is', 'are')} in more than one of"
            f" train, val and test: {_quoted(shared)}. Move {by_number(len(shared), 'its', 'their')} images to one"
            " part, or use data.group=null."
        )


def _files(rows: Sequence[Row], folder: Path, suffix: str, table: Path) -> list[File]:
    """The files of the rows. Raises InputError for those that are missing."""
    names = [row.path.replace("\\", "/") + suffix for row in rows]
    files = [listed_file(folder, name) for name in names]
    missing = [name for name, file in zip(names, files, strict=True) if file is None]
    if missing:
        named = first_few((printable(os.path.join(folder, name)) for name in missing), 3)
        raise InputError(
            f"{len(missing):,} of {plural(len(rows), 'image')} of {table} {by_number(len(missing), 'does', 'do')} not"
            f" exist: {named}.{_advice(folder, missing[0])}"
        )
    return [file for file in files if file is not None]


def _advice(folder: Path, name: str) -> str:
    """What to do about a missing file: set a suffix, or another root."""
    path = folder / name
    if path.parent.is_dir():
        for entry in sorted(path.parent.iterdir()):
            if entry.stem == path.name and entry.suffix:
                return f" {printable(str(entry))} does: set data.suffix={entry.suffix}."
    return " Paths are relative to data.root."


def _quoted(values: Sequence[str] | dict[str, set[str]]) -> str:
    return first_few([repr(value) for value in values], 3)
