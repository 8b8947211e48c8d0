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
from ablate.runs import record

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.commands.data.pictures import Grid
    from ablate.data.prepare import Prepared
    from ablate.data.streamed import Pixels


@dataclass(frozen=True)
class Look:
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
    given = parser.parse_intermixed_args(words)
    found = look(given.overrides, given.config_dir)
    written = write(found)

    from rich.console import Console

    from ablate.commands.data.tables import show

    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal
    show(console, found.facts, found.examples)
    console.print(f"Written to {found.folder}: {', '.join(written)}", markup=False)
    return 0


def look(words: Sequence[str], config_dir: Path | None = None) -> Look:
    """Describe the data that `ablate train` with these words would train on. Nothing is written.

    Raises:
        InputError: the configuration could not be trained, or the data cannot be loaded.
    """
    asked = composed(words, config_dir)

    # Imported here so that a refused configuration does not wait for PyTorch.
    from ablate.commands.data.facts import load
    from ablate.commands.data.pictures import augmented, by_class, drawn

    config = asked.config
    data, test, facts = load(config.data)
    own = ["--config-dir", str(config_dir)] if config_dir else []
    made_by = {
        "schema": record.SCHEMA,
        "name": asked.name,
        "command": shlex.join(["ablate", "data", *own, *words]),
        "data": OmegaConf.to_container(config.data, resolve=False),
        "augmentation": OmegaConf.to_container(config.augmentation, resolve=False),
        "seed": config.seed,
    }
    pictured = drawn(data.train, config.seed)
    pictures = {"classes": by_class(pictured), "augmentations": augmented(config, asked.augmentations, data)}
    examples = {name: images[0] for name, images in pictured.items()}
    return Look(asked.folder, data, test, made_by | facts, pictures, examples)


def write(found: Look) -> list[str]:
    """Write the figures and, last, data.json; returns the names of these files."""
    from ablate.analysis.figures import render, samples

    files = {
        f"{name}.{suffix}": content
        for name, grid in found.pictures.items()
        for suffix, content in render(samples(grid.rows, grid.titles)).items()
    }
    found.folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        atomic.write_bytes(found.folder / name, content)
    atomic.write_json(found.folder / "data.json", found.facts)
    return [*files, "data.json"]
