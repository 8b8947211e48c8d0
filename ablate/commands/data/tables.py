"""The tables of `ablate data` in the terminal."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ablate.terminal.console import Console
from ablate.terminal.text import plural, printable

MAX_ROWS = 25  # classes in the table; data.json lists all


def show(console: Console, facts: dict[str, Any]) -> None:
    """Print the statistics in data.json."""
    images, size = facts["images"], facts["size"]
    total = images["train"] + images["validation"] + images["unused"]
    channels = plural(size["channels"], "channel")
    console.print(
        Text(
            f"{printable(facts['name'])}: {total:,} training images of {len(facts['classes'])} classes,"
            f" {size['width']}x{size['height']} pixels, {channels}"
        )
    )
    console.print(class_table(facts), channel_table(facts))
    for line in remarks(facts):
        console.print(Text(printable(line)))


def class_table(facts: dict[str, Any]) -> Table:
    """Number of images per class and split."""
    classes, images = facts["classes"], facts["images"]
    hidden = len(classes) - MAX_ROWS
    table = Table(box=SIMPLE_HEAD, show_footer=True)
    footer = "all" if hidden <= 0 else f"all, including {hidden} not listed"
    table.add_column("class", footer=footer, overflow="fold")
    for split in ("train", "validation"):
        table.add_column(split, footer=f"{images[split]:,}", justify="right")
    for name, counts in list(classes.items())[:MAX_ROWS]:
        table.add_row(Text(printable(name)), *(f"{counts[split]:,}" for split in ("train", "validation")))
    return table


def channel_table(facts: dict[str, Any]) -> Table:
    """Mean and standard deviation of each channel: of the training pixels, and those used for normalization."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("channel", "mean", "std", "data.mean", "data.std"):
        table.add_column(name, justify="right")
    columns = [facts[source][name] for source in ("pixels", "normalization") for name in ("mean", "std")]
    for channel, row in enumerate(zip(*columns, strict=True)):
        table.add_row(str(channel), *(f"{value:.4f}" for value in row))
    return table


def remarks(facts: dict[str, Any]) -> list[str]:
    """The statistics that are not in a table, and the warnings: one line each."""
    images, files, majority = facts["images"], facts["files"], facts["largest_class"]
    lines = ["Pixels are scaled to [0, 1]; mean and std are those of the training images."]
    if images["split"] == "fixed":
        lines.append("The data set has its own validation images; data.val_fraction is not used.")
    if images["split"] == "grouped":
        share = images["validation"] / (images["validation"] + images["train"] + images["unused"])
        lines.append(
            f"Groups are whole in training or validation: {100 * share:.1f} % of the images are for validation."
        )
    if images["unused"]:
        lines.append(f"Unused images because of data.train_limit: {images['unused']:,}.")
    if images["test"] is None:
        lines.append("No test set.")
    else:
        lines.append(f"Test images: {images['test']:,}. Only `ablate test` reads their labels.")
    if files:
        lines.append(
            f"Image files: {plural(files['sizes'], 'size')}, width {_range(files['width'])}, height"
            f" {_range(files['height'])}."
        )
    lines.append(
        f"Majority-class baseline (always predict {majority['name']}):"
        f" {100 * majority['validation_share']:.1f} % validation accuracy,"
        f" {100 * majority['validation_macro_f1']:.1f} % macro-F1."
    )
    return lines + [f"Warning: {warning}" for warning in facts["warnings"]]


def _range(side: dict[str, Any]) -> str:
    if side["smallest"] == side["largest"]:
        return f"{side['smallest']}"
    return f"{side['smallest']} to {side['largest']} (median {side['median']:g})"
