"""The author's fonts and colors of the figures: an allow list of Matplotlib's settings, and the palette."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.colors import get_named_colors_mapping, to_rgba
from matplotlib.font_manager import FontProperties, findfont

from ablate.analysis.figures import style
from ablate.files import bounded
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few, printable

FILE = "matplotlibrc"
LARGEST = 64 * bounded.KIB
COLORS = "axes.prop_cycle"
FONT = "font.family"
PALETTE = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.GRAY)
NUMBERS = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize",
           "axes.linewidth", "lines.linewidth", "lines.markersize", "grid.linewidth")  # fmt: skip
OTHERS = ("axes.grid", "axes.facecolor", "axes.edgecolor", "axes.labelcolor", "figure.facecolor", "grid.color",
          "legend.frameon", "text.color", "xtick.color", "ytick.color")  # fmt: skip
KEYS = (FONT, COLORS, *NUMBERS, *OTHERS)
MOST = 40  # of a number, in points
CYCLE = re.compile(r"cycler\(\s*(?:color\s*=|['\"]color['\"]\s*,)\s*\[([^\[\]()]*)\]\s*\)")

Style = Mapping[str, str | list[str]]


def read_file(folder: Path) -> dict[str, str]:
    """The settings in the `matplotlibrc` of a study folder, one `key: value` per line; empty if there is none.

    Raises:
        InputError: the file cannot be read, or a line is not `key: value`.
    """
    path = folder / FILE
    try:
        text = bounded.contents(path, LARGEST).decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8 text'}).") from None
    content = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*", "", line).strip()  # a color such as '#0072B2' is quoted
        key, colon, value = line.partition(":")
        if line and not colon:
            raise InputError(f"{path}, line {number}: expected KEY: VALUE.")
        if line:
            content[key.strip()] = value.strip()
    return content


def checked(settings: Style, where: Path) -> dict[str, Any]:
    """The values of the settings.

    Args:
        settings: {key: text or list of texts}, keys of `KEYS`.
        where: the file that has them, for errors.

    Raises:
        InputError: a key is not in `KEYS`, or a value is not valid.
    """
    values: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in KEYS:
            raise InputError(
                f"{where}: the style has no key {key!r:.80}.{did_you_mean(key, KEYS)} Its keys are"
                f" {first_few(KEYS, len(KEYS))}."
            )
        try:
            values[key] = _value(key, value)
        except (ValueError, TypeError) as error:
            reason = printable(str(error).strip().splitlines()[-1])[:200]
            raise InputError(f"{where}: {key} cannot be {value!r:.80} ({reason}).") from None
    return values


def _value(key: str, value: str | list[str]) -> Any:
    if key == COLORS:
        return _colors(value)
    if key == FONT:
        return [_font(name) for name in ([value] if isinstance(value, str) else value)]
    if not isinstance(value, str):
        raise ValueError("expected one value")
    text = value.strip("'\"")
    if key in NUMBERS:
        number = float(text)
        if not 0 < number <= MOST:
            raise ValueError(f"expected points, above 0 and at most {MOST}")
        return number
    return matplotlib.rcParams.validate[key](text)


def _colors(value: str | list[str]) -> list[str]:
    """The colors of a list, or of `cycler('color', [...])`."""
    if isinstance(value, str):
        match = CYCLE.fullmatch(value)
        value = [part.strip(" '\"") for part in (match[1] if match else value).split(",")]
    if not 1 <= len(value) <= len(PALETTE):
        raise ValueError(f"expected 1 to {len(PALETTE)} colors, such as '#0072B2' or black")
    return [str(matplotlib.rcParams.validate["text.color"](color)) for color in value]


def _font(name: str) -> str:
    name = name.strip("'\"")
    try:
        findfont(FontProperties(family=name), fallback_to_default=False)
    except ValueError:
        raise ValueError("this font is not installed") from None
    return name


@contextmanager
def applied(values: Mapping[Any, Any]) -> Iterator[None]:
    """Draw figures with values of `checked`, until the end of the `with` block."""
    mapping = get_named_colors_mapping()  # which Matplotlib looks a color up in before it reads `#RRGGBB`
    colors = {old: to_rgba(new) for old, new in zip(PALETTE, values.get(COLORS, ()), strict=False)}
    before = dict(style.STYLE)
    try:
        style.STYLE.update({key: value for key, value in values.items() if key != COLORS})
        style._glyphs.cache_clear()
        for old, new in colors.items():  # `update` would not clear Matplotlib's cache
            mapping[old] = new
        yield
    finally:
        for old in colors:
            del mapping[old]
        style.STYLE.clear()
        style.STYLE.update(before)
        style._glyphs.cache_clear()
