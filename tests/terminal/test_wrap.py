"""Line breaks: between words, and in long names where their parts meet."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from ablate.terminal.console import Console
from ablate.terminal.wrap import wrapped

VARIANT = "normalization=weight_standardization+augmentation=trivialaugment+model=cnn"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("three short words", 11, ["three short", "words"]),
        ("three short words", 10, ["three", "short", "words"]),
        (VARIANT, 60, ["normalization=weight_standardization", "+augmentation=trivialaugment+model=cnn"]),
        (
            VARIANT,
            15,
            ["normalization=", "weight_", "standardization", "+augmentation=", "trivialaugment", "+model=cnn"],
        ),
        ("standardization", 10, ["standardiz", "ation"]),
        ("a=[x,y], b=2", 8, ["a=[x,y],", "b=2"]),
        ("outputs/study/baseline/seed=0", 16, ["outputs/study/", "baseline/seed=0"]),
        ("  indented words here", 12, ["  indented", "  words here"]),
        ("SD 2.9 % of all", 8, ["SD 2.9 %", "of all"]),
        ("SD 2.9 % of all", 7, ["SD", "2.9 %", "of all"]),
        ("97.6 %, 1.1 s", 11, ["97.6 %,", "1.1 s"]),
        ("about 3 min left", 9, ["about", "3 min", "left"]),
        ("needs 16 GiB", 8, ["needs", "16 GiB"]),
        ("it is a s b", 7, ["it is a", "s b"]),
        ("漢字漢字", 4, ["漢字", "漢字"]),
        ("ends with spaces    ", 16, ["ends with spaces    "]),
        ("", 5, [""]),
    ],
)
def test_a_line_ends_at_the_best_place(text, width, lines):
    assert wrapped(text, width) == "\n".join(lines)


def test_lines_that_fit_and_line_breaks_are_kept():
    text = "one line\n\n  another\tline\n"
    assert wrapped(text, 80) == text


@pytest.mark.parametrize("width", range(1, 90))
def test_nothing_is_lost_and_no_line_is_too_long(width):
    text = f"The run {VARIANT}/seed=0 failed (exit status 1): see outputs/a/train.log."
    lines = wrapped(text, width).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "") and all(len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_console_breaks_text_and_cells_in_the_same_places(width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, no_color=True)
    table = Table("name", "value")
    table.add_row(Text(VARIANT, style="bold"), "12.34 ± 5.67 %")
    console.print(Text(f"Note: {VARIANT} is best."), table)
    text = console.file.getvalue()
    for part in ("weight_", "standardization", "trivialaugment", "+model=cnn"):
        assert text.count(part) == 2, part
