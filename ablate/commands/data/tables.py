"""Tables and, in a terminal with colours, thumbnails: two pixels a character, its upper and its lower half.

That needs no protocol that some terminals have, and so no question to the terminal, whose answer can come late.
"""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.color import Color
from rich.columns import Columns
from rich.console import Console, Group
from rich.style import Style
from rich.table import Table
from rich.text import Text
from torch import Tensor

from ablate.data.images import shrunk
from ablate.terminal.text import printable

LISTED = 25  # classes in a table; data.json has all
SHOWN = 20  # and of which there is a thumbnail
SIDE = 18  # pixels of a thumbnail, and characters of its width


def show(console: Console, facts: dict[str, Any], examples: Mapping[str, Tensor]) -> None:
    """Print the facts, and one image uint8 (C, H, W) of each class."""
    images, size = facts["images"], facts["size"]
    console.print(
        Text(
            f"{printable(facts['name'])}: {images['train'] + images['validation'] + images['unused']:,} training images"
            f" of {len(facts['classes'])} classes, {size['width']}x{size['height']} pixels,"
            f" {size['channels']} channel{'s' * (size['channels'] > 1)}"
        )
    )
    console.print(counts(facts), channels(facts))
    if visible(console):
        console.print(gallery(dict(list(examples.items())[:SHOWN])), "")
    for line in remarks(facts):
        console.print(Text(printable(line)))


def counts(facts: dict[str, Any]) -> Table:
    """Images by class and part."""
    classes, images = facts["classes"], facts["images"]
    left = len(classes) - LISTED
    table = Table(box=SIMPLE_HEAD, show_footer=True)
    table.add_column("class", footer="all" if left <= 0 else f"all, and the {left} not listed", overflow="fold")
    for part in ("train", "validation"):
        table.add_column(part, footer=f"{images[part]:,}", justify="right")
    for name, of_class in list(classes.items())[:LISTED]:
        table.add_row(Text(printable(name)), *(f"{of_class[part]:,}" for part in ("train", "validation")))
    return table


def channels(facts: dict[str, Any]) -> Table:
    """Mean and standard deviation of the pixels of each channel, and what the configuration has them scaled by."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("channel", "mean", "std", "data.mean", "data.std"):
        table.add_column(name, justify="right")
    columns = [facts[source][name] for source in ("pixels", "normalization") for name in ("mean", "std")]
    for channel, row in enumerate(zip(*columns, strict=True)):
        table.add_row(str(channel), *(f"{value:.4f}" for value in row))
    return table


def remarks(facts: dict[str, Any]) -> list[str]:
    """What the tables do not say, a sentence or two a line."""
    images, files, largest = facts["images"], facts["files"], facts["largest_class"]
    said = ["Pixels are scaled to [0, 1]; mean and std are those of the training part."]
    if images["unused"]:
        said.append(f"Not used, as data.train_limit says: {images['unused']:,} images.")
    if images["test"] is None:
        said.append("There are no test images.")
    else:
        said.append(f"Test images: {images['test']:,}; `ablate test` alone looks at their labels.")
    if files:
        width, height = files["width"], files["height"]
        said.append(
            f"Files: {files['sizes']:,} size{'s' * (files['sizes'] > 1)}, width {_range(width)},"
            f" height {_range(height)}."
        )
    said.append(
        f"Always saying {largest['name']} has a validation accuracy of {100 * largest['validation_share']:.1f} %."
    )
    return said + [f"Warning: {warning}" for warning in facts["warnings"]]


def _range(side: dict[str, Any]) -> str:
    if side["smallest"] == side["largest"]:
        return f"{side['smallest']}"
    return f"{side['smallest']} to {side['largest']} (median {side['median']:g})"


def visible(console: Console) -> bool:
    """True if the console is a terminal with colours that can show the character."""
    coloured = console.color_system in ("256", "truecolor") and not console.no_color
    return console.is_terminal and coloured and not console.options.ascii_only


def gallery(images: Mapping[str, Tensor]) -> Columns:
    """Thumbnails of images uint8 (C, H, W) below their names, as many in a row as the terminal is wide."""
    return Columns([Group(_name(name), thumbnail(image)) for name, image in images.items()], padding=(1, 2))


def _name(name: str) -> Text:
    text = Text(printable(name), no_wrap=True)
    text.truncate(SIDE, overflow="ellipsis")
    return text


def thumbnail(image: Tensor) -> Text:
    """An image uint8 (C, H, W), square, of one channel or three, as lines of coloured characters."""
    side = min(SIDE, image.shape[-1]) // 2 * 2
    rows = shrunk(image[None], side)[0].expand(3, -1, -1).permute(1, 2, 0).tolist()
    lines = [
        Text.assemble(*(("▀", _halves(*pixels)) for pixels in zip(upper, lower, strict=True)))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
    return Text("\n").join(lines)


def _halves(upper: list[int], lower: list[int]) -> Style:
    return Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
