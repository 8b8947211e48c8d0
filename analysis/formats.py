"""Format numbers and tables as text, Markdown and CSV; symbols of LaTeX. A missing number is a dash."""

import math
import re
from collections.abc import Callable

import pandas as pd

from ablate.terminal.text import printable, printable_lines

DASH = "—"
# Characters that LaTeX's default fonts lack, and the commands for them.
LATEX = {"±": r"$\pm$", "−": "$-$", DASH: "---", "<": "$<$", ">": "$>$", "|": "$|$", "²": "$^2$", "ω": r"$\omega$",
         "×": r"$\times$", "†": r"\rlap{$^\dagger$}", "\N{NO-BREAK SPACE}": "~"}  # fmt: skip

# What Markdown interprets. Brackets are escaped only where they make a link, since intervals have them too.
MARKUP = re.compile(r"[\\`*~$|<]|(?<=\])[(\[]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|:(?=//)|(?<=www)\.|@(?=\w)")


def number(value: float, digits: int = 2, sign: str = "") -> str:
    """Format a number with a typographic minus sign; a dash if it is missing.

    Args:
        value: The number.
        digits: Number of decimals.
        sign: "+" to sign positive numbers too.
    """
    return DASH if pd.isna(value) else f"{value:{sign}z.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """Format a number to `digits` significant digits, without an exponent: `9.26`, `0.660`, `123`."""
    if pd.isna(value) or value == 0:
        return DASH if pd.isna(value) else "0"
    rounded = float(f"{value:.{digits - 1}e}")
    return number(rounded, max(digits - 1 - math.floor(math.log10(abs(rounded))), 0))


def count(value: float | None) -> str:
    """Format a count to three significant digits: `553 k`, `1.23 M`."""
    if value is None or pd.isna(value):
        return DASH
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(int(value))


def times(count: int) -> str:
    """A count of repetitions: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def p_value(p: float) -> str:
    """Format a p-value to three decimals."""
    return DASH if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def difference(mean: float, low: float, high: float, digits: int = 2) -> str:
    """Format a difference and its interval: `+1.20 [+0.40, +2.00]`; dashes for what is missing."""
    if pd.isna(mean):
        return DASH
    interval = DASH if pd.isna(low) else f"[{number(low, digits, '+')}, {number(high, digits, '+')}]"
    return f"{number(mean, digits, '+')} {interval}"


def spread(mean: str, sd: str) -> str:
    """Format a mean and its standard deviation: `93.10 ± 0.42`; the mean alone where there is no standard deviation."""
    return mean if DASH in (mean, sd) else f"{mean} ± {sd}"


def share(k: int, n: int, interval: tuple[float, float]) -> str:
    """Format k of n and the interval (fractions) of the proportion: `2/5 [5, 85 %]`."""
    return f"{k}/{n} [{100 * interval[0]:.0f}, {100 * interval[1]:.0f} %]" if n else DASH


def to_markdown(cells: pd.DataFrame, strong: frozenset[int] = frozenset()) -> str:
    """Format a table of text as GitHub-flavored Markdown.

    Args:
        cells: The table.
        strong: Positions of the rows with a bold first cell.
    """
    escaped = texts(cells, markdown_text)
    for row in strong:
        escaped.iloc[row, 0] = f"**{escaped.iloc[row, 0]}**"
    # `disable_numparse` keeps trailing zeros, as in a p-value of 0.030.
    return str(escaped.to_markdown(index=False, disable_numparse=True)) + "\n"


def markdown_text(text: str) -> str:
    """Escape what Markdown would show as something else than text: markup, HTML, formulas, links."""
    return MARKUP.sub(lambda match: "".join(f"\\{char}" for char in match[0]), printable(text))


def to_csv(cells: pd.DataFrame) -> str:
    """Format a table as CSV, with the control characters in its texts escaped."""
    shown = cells.map(lambda value: printable_lines(value) if isinstance(value, str) else value)
    return str(shown.rename(columns=printable).to_csv(index=False, lineterminator="\n"))


def texts(cells: pd.DataFrame, escape: Callable[[str], str]) -> pd.DataFrame:
    """A table of text with its cells and column names escaped. A column may be the name of a class."""
    names: list[str] = []
    for column in cells.columns:
        name = escape(str(column))
        names.append(name + "'" * sum(other.rstrip("'") == name for other in names))  # two names may look alike
    return cells.map(lambda text: escape(str(text))).reset_index(drop=True).set_axis(names, axis="columns")


def latex_symbols(text: str) -> str:
    """Replace the non-ASCII symbols in escaped LaTeX text by LaTeX commands."""
    return text.translate(str.maketrans(dict[str, str | int | None](LATEX)))
