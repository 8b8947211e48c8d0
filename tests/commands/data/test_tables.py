"""Tables and thumbnails, character by character."""

import io

import pytest
import torch
from rich.console import Console

from ablate.commands.data.tables import SIDE, counts, gallery, remarks, thumbnail, visible


def text(shown, width: int = 80, **settings) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, **settings)
    console.print(shown)
    return console.file.getvalue()


def test_a_character_is_two_pixels():
    pixels = torch.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]], dtype=torch.uint8)
    shown = text(thumbnail(pixels), force_terminal=True, color_system="truecolor")
    assert shown == "\x1b[38;2;1;5;9;48;2;3;7;11m▀\x1b[0m\x1b[38;2;2;6;10;48;2;4;8;12m▀\x1b[0m\n"


@pytest.mark.parametrize(("side", "width", "lines"), [(8, 8, 4), (7, 6, 3), (32, SIDE, SIDE // 2)])
def test_a_thumbnail_fits(side, width, lines):
    shown = text(thumbnail(torch.zeros(1, side, side, dtype=torch.uint8)))
    assert shown == f"{'▀' * width}\n" * lines


def test_names_stand_above_and_rows_fill_the_width():
    images = {name: torch.zeros(3, 32, 32, dtype=torch.uint8) for name in ("cat", "[red]dog", "x" * 30)}
    lines = text(gallery(images), width=2 * SIDE + 2).splitlines()
    first, second = (index for index, line in enumerate(lines) if "cat" in line or "xxx" in line)
    assert lines[first].split() == ["cat", "[red]dog"] and lines[second].strip() == "x" * (SIDE - 1) + "…"
    assert lines[first + 1] == "▀" * SIDE + "  " + "▀" * SIDE


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"force_terminal": True, "color_system": "truecolor"}, True),
        ({"force_terminal": True, "color_system": "256"}, True),
        ({"force_terminal": True, "color_system": "truecolor", "no_color": True}, False),
        ({"force_terminal": True, "color_system": None}, False),
        ({"force_terminal": False, "color_system": "truecolor"}, False),
    ],
)
def test_pictures_need_a_terminal_with_colours(settings, seen):
    assert visible(Console(file=io.StringIO(), **settings)) is seen


def test_of_many_classes_the_first_are_listed():
    facts = {
        "classes": {f"c{label}": {"train": 1000 + label, "validation": 7} for label in range(30)},
        "images": {"train": 30435, "validation": 210},
    }
    rows = [line.split() for line in text(counts(facts)).splitlines()]
    assert ["c24", "1,024", "7"] in rows and ["c25", "1,025", "7"] not in rows
    assert ["all,", "and", "the", "5", "not", "listed", "30,435", "210"] in rows


def test_remarks():
    facts = {
        "images": {"unused": 1200, "test": None},
        "files": {
            "width": {"smallest": 4, "median": 6.5, "largest": 9},
            "height": {"smallest": 5, "median": 5.0, "largest": 5},
            "sizes": 2,
        },
        "largest_class": {"name": "cat", "validation_share": 0.125},
        "warnings": ["Beware."],
    }
    assert remarks(facts)[1:] == [
        "Not used, as data.train_limit says: 1,200 images.",
        "There are no test images.",
        "Files: 2 sizes, width 4 to 9 (median 6.5), height 5.",
        "Always saying cat has a validation accuracy of 12.5 %.",
        "Warning: Beware.",
    ]
