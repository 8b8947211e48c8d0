"""`ablate data OVERRIDE...`: summarize a data set and draw sample images, with and without augmentation."""

import argparse
import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from ablate.commands.data.configuration import compose_data
from ablate.commands.flags import Parser
from ablate.files import atomic
from ablate.runs import json_file

if TYPE_CHECKING:
    from ablate.commands.data.pictures import Grid
    from ablate.data.duplicates import Copy
    from ablate.data.prepare import Prepared
    from ablate.data.streamed import Pixels

DUPLICATES = "duplicates.csv"


@dataclass(frozen=True)
class DataSummary:
    """The images of a data set, their statistics and sample images.

    folder    where the files are written
    data      the training and validation images
    test      the test images, uint8 (N, C, H, W), without labels; None without a test set
    facts     the content of data.json
    pictures  {name of the figure: grid of images}
    duplicates  pairs of images with identical or similar pixels
    """

    folder: Path
    data: "Prepared"
    test: "Pixels | None"
    facts: dict[str, Any]
    pictures: "dict[str, Grid]"
    duplicates: "Sequence[Copy]" = ()


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate data",
        usage="ablate data [GROUP=OPTION] [KEY=VALUE] ... [--config-dir FOLDER]",
        description="Summarize a data set without training: images per class and split, sizes, colors and duplicates;"
        " sample images of each class, and the same images under each augmentation. Takes the overrides of"
        " `ablate train`.",
        epilog="Writes data.json, duplicates.csv and the figures classes and augmentations (PDF, PNG, SVG) to"
        " outputs/data/NAME, or to hydra.run.dir=FOLDER. Another seed shows other images. `ablate train --help` lists"
        " groups and keys. Exit status: 0; 2 if the configuration or the images are invalid.",
    )
    parser.add_argument("overrides", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--config-dir", "-cd", type=Path, metavar="FOLDER", help="folder with your own config options")
    args = parser.parse_intermixed_args(arguments)
    summary = look(args.overrides, args.config_dir)
    written = write(summary)

    from ablate.commands.data.tables import show
    from ablate.terminal.console import Console

    console = Console()
    console.soft_wrap = not console.is_terminal
    show(console, summary.facts)
    console.print(f"Written to {summary.folder}: {', '.join(written)}")
    return 0


def look(overrides: Sequence[str], config_dir: Path | None = None) -> DataSummary:
    """Summarize the data that `ablate train` with these overrides would train on. Writes nothing.

    Args:
        overrides: Hydra overrides, as for `ablate train`.
        config_dir: a folder with additional options.

    Raises:
        InputError: the configuration is invalid, or the data cannot be loaded.
    """
    composition = compose_data(overrides, config_dir)

    # Imported here so that an invalid configuration is refused before PyTorch is loaded.
    from ablate.commands.data.facts import load
    from ablate.commands.data.pictures import augmentation_grid, class_grid, sample_images

    config = composition.config
    data, test, facts, duplicates = load(config.data)
    flags = ["--config-dir", str(config_dir)] if config_dir else []
    source = {
        "schema": json_file.SCHEMA,
        "name": composition.name,
        "command": shlex.join(["ablate", "data", *flags, *overrides]),
        "data": OmegaConf.to_container(config.data, resolve=False),
        "augmentation": OmegaConf.to_container(config.augmentation, resolve=False),
        "seed": config.seed,
    }
    pictures = {
        "classes": class_grid(sample_images(data.train, config.seed)),
        "augmentations": augmentation_grid(config, composition.augmentations, data),
    }
    return DataSummary(composition.folder, data, test, source | facts, pictures, duplicates)


def write(summary: DataSummary) -> list[str]:
    """Write the figures, duplicates.csv if there are any, then data.json; return the names of the files."""
    from ablate.analysis.figures import render, samples

    files = {
        f"{name}.{suffix}": content
        for name, grid in summary.pictures.items()
        for suffix, content in render(samples(grid.rows, grid.titles)).items()
    }
    if summary.duplicates:
        files[DUPLICATES] = duplicates_csv(summary.duplicates).encode(errors="surrogateescape")
    summary.folder.mkdir(parents=True, exist_ok=True)
    (summary.folder / DUPLICATES).unlink(missing_ok=True)
    for name, content in files.items():
        atomic.write_bytes(summary.folder / name, content)
    atomic.write_json(summary.folder / "data.json", summary.facts)
    return [*files, "data.json"]


def duplicates_csv(duplicates: "Sequence[Copy]") -> str:
    """A table of pairs of images: their splits and names, how similar their pixels are, and if their labels differ."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["first_split", "first", "second_split", "second", "pixels", "labels"])
    for copy in duplicates:
        pixels, labels = "identical" if copy.identical else "similar", "" if copy.same_class else "different"
        rows.writerow([*copy.first, *copy.second, pixels, labels])
    return text.getvalue()
