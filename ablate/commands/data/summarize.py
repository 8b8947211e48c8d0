"""`ablate data WORD...`: what is in a data set, and what each augmentation makes of its images."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from ablate.commands.data.composing import composed
from ablate.files import atomic
from ablate.runs import json_file

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.commands.data.pictures import Grid
    from ablate.data.prepare import Prepared
    from ablate.data.streamed import Pixels


@dataclass(frozen=True)
class DataSummary:
    """The images, and what is shown of them.

    data, test  what would be trained and validated on; the test images uint8 (N, C, H, W), None if there are none
    facts       the content of data.json
    pictures    by their name
    examples    an image uint8 (C, H, W) of each class
    """

    folder: Path
    data: "Prepared"
    test: "Pixels | None"
    facts: dict[str, Any]
    pictures: "dict[str, Grid]"
    examples: "dict[str, Tensor]"


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate data",
        usage="ablate data [GROUP=OPTION] [KEY=VALUE] ... [--config-dir FOLDER]",
        description="What is in a data set: images by class and part, sizes, colours, copies; pictures of each class, "
        "and the same images under each augmentation. Takes the words of `ablate train`, and trains nothing.",
        epilog="Written to outputs/data/NAME/, or to hydra.run.dir=FOLDER: data.json and, as PDF, PNG and SVG, classes "
        "and augmentations. seed=1 shows other images. `ablate train --help` lists groups and keys.",
    )
    parser.add_argument("overrides", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--config-dir", "-cd", type=Path, metavar="FOLDER", help="folder of options of your own")
    args = parser.parse_intermixed_args(words)
    summary = look(args.overrides, args.config_dir)
    written = write(summary)

    from rich.console import Console

    from ablate.commands.data.tables import show

    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal
    show(console, summary.facts, summary.examples)
    console.print(f"Written to {summary.folder}: {', '.join(written)}", markup=False)
    return 0


def look(words: Sequence[str], config_dir: Path | None = None) -> DataSummary:
    """Describe the data that `ablate train` with these words would train on. Nothing is written.

    Raises:
        InputError: the configuration could not be trained, or the data cannot be loaded.
    """
    composition = composed(words, config_dir)

    # Imported here so that a refused configuration does not wait for PyTorch.
    from ablate.commands.data.facts import load
    from ablate.commands.data.pictures import augmented, by_class, drawn

    config = composition.config
    data, test, facts = load(config.data)
    flags = ["--config-dir", str(config_dir)] if config_dir else []
    made_by = {
        "schema": json_file.SCHEMA,
        "name": composition.name,
        "command": shlex.join(["ablate", "data", *flags, *words]),
        "data": OmegaConf.to_container(config.data, resolve=False),
        "augmentation": OmegaConf.to_container(config.augmentation, resolve=False),
        "seed": config.seed,
    }
    pictured = drawn(data.train, config.seed)
    pictures = {"classes": by_class(pictured), "augmentations": augmented(config, composition.augmentations, data)}
    examples = {name: images[0] for name, images in pictured.items()}
    return DataSummary(composition.folder, data, test, made_by | facts, pictures, examples)


def write(summary: DataSummary) -> list[str]:
    """Write the figures and, last, data.json; returns the names of these files."""
    from ablate.analysis.figures import render, samples

    files = {
        f"{name}.{suffix}": content
        for name, grid in summary.pictures.items()
        for suffix, content in render(samples(grid.rows, grid.titles)).items()
    }
    summary.folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        atomic.write_bytes(summary.folder / name, content)
    atomic.write_json(summary.folder / "data.json", summary.facts)
    return [*files, "data.json"]
