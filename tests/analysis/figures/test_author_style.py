"""The author's fonts and colors: which are allowed, that they reach a figure, and that they do not stay."""

import matplotlib
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ablate.analysis.figures import author_style, style
from ablate.terminal.errors import InputError


def drawn(values: dict[str, str | list[str]], folder) -> str:
    """The SVG of a text in the palette's first color."""
    with author_style.applied(author_style.checked(values, folder)), matplotlib.rc_context(style.STYLE):
        figure = Figure((2, 1))
        figure.text(0.1, 0.5, "label", color=style.BLUE)
        figure.text(0.1, 0.1, "label", color=style.ORANGE)
        return style.render(figure)["svg"].decode()


def test_colors_font_and_size_reach_the_figure_and_do_not_stay(tmp_path):
    before = drawn({}, tmp_path)
    assert style.BLUE.lower() in before and style.ORANGE.lower() in before
    swapped = drawn({"axes.prop_cycle": [style.ORANGE, style.BLUE]}, tmp_path)
    assert swapped.index(style.ORANGE.lower()) < swapped.index(style.BLUE.lower())
    assert before.index(style.BLUE.lower()) < before.index(style.ORANGE.lower())
    named = drawn({"axes.prop_cycle": "crimson, 00ff00"}, tmp_path)
    assert to_hex("crimson") in named and "#00ff00" in named and style.BLUE.lower() not in named
    serif = drawn({"font.family": "DejaVu Serif", "font.size": "14"}, tmp_path)
    assert "DejaVuSerif" in serif and "DejaVuSerif" not in before
    assert drawn({}, tmp_path) == before


def test_a_matplotlibrc_of_the_study_folder_is_read(tmp_path):
    assert author_style.read_file(tmp_path) == {}
    (tmp_path / "matplotlibrc").write_text(
        "# a comment\n\nfont.size: 9.5  # points\naxes.prop_cycle: cycler('color', ['#0072B2', 'k'])\naxes.grid: True\n"
    )
    values = author_style.checked(author_style.read_file(tmp_path), tmp_path)
    assert values == {"font.size": 9.5, "axes.prop_cycle": ["#0072B2", "k"], "axes.grid": True}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("text.usetex", "True", "the style has no key 'text.usetex'"),
        ("backend", "module://evil", "the style has no key 'backend'"),
        ("font.sise", "8", "Did you mean font.size?"),
        ("font.family", "No Such Font", "this font is not installed"),
        *(("font.size", value, "cannot be") for value in ("", "big", "-1", "nan", "1e9")),
        ("font.size", ["8"], "expected one value"),
        ("axes.grid", "perhaps", "cannot be"),
        ("text.color", "colour", "cannot be"),
        ("axes.prop_cycle", "cycler('color', [().__class__])", "cannot be"),
        ("axes.prop_cycle", "cycler('color', __import__('os').system('id'))", "cannot be"),
        ("axes.prop_cycle", [], "expected 1 to 5 colors"),
        ("axes.prop_cycle", ["k"] * 6, "expected 1 to 5 colors"),
    ],
)  # fmt: skip
def test_other_settings_are_refused(tmp_path, key, value, reason):
    with pytest.raises(InputError) as error:
        author_style.checked({key: value}, tmp_path)
    assert reason in str(error.value) and str(tmp_path) in str(error.value)


@pytest.mark.parametrize("content", [b"font.size 8", b"\xff\xfe", b"a: b\n" * 20_000])
def test_a_file_that_is_no_matplotlibrc_is_refused(tmp_path, content):
    (tmp_path / "matplotlibrc").write_bytes(content)
    with pytest.raises(InputError, match="matplotlibrc"):
        author_style.read_file(tmp_path)
