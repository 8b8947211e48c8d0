"""Numbers and tables as text: per cent and percentage points, a dash for what is not known; Markdown and LaTeX."""

import math

import pandas as pd

DASH = "—"
# What LaTeX's own fonts write in another way.
LATEX = {"±": r"$\pm$", "−": "$-$", DASH: "---", "<": "$<$", ">": "$>$", "|": "$|$", "²": "$^2$", "ω": r"$\omega$",
         "×": r"$\times$"}  # fmt: skip


def number(value: float, digits: int = 2, sign: str = "") -> str:
    """A number with a true minus, or a dash."""
    return DASH if pd.isna(value) else f"{value:{sign}.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, without an exponent: `9.26`, `0.660`, `123`."""
    if pd.isna(value) or value == 0:
        return DASH if pd.isna(value) else "0"
    rounded = float(f"{value:.{digits - 1}e}")
    return number(rounded, max(digits - 1 - math.floor(math.log10(abs(rounded))), 0))


def count(value: float | None) -> str:
    """Thousands and millions: `553 k`, `1.2 M`."""
    if value is None or pd.isna(value):
        return DASH
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(int(value))


def times(count: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def p_value(p: float) -> str:
    """Three decimals, as no study here supports more."""
    return DASH if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def difference(mean: float, low: float, high: float) -> str:
    """A difference in points with its interval, as far as they are known."""
    if pd.isna(mean):
        return DASH
    interval = DASH if pd.isna(low) else f"[{number(low, sign='+')}, {number(high, sign='+')}]"
    return f"{number(mean, sign='+')} {interval}"


def share(k: int, n: int, interval: tuple[float, float]) -> str:
    """`2/5 [5, 85 %]`: a count, and the interval of its proportion."""
    return f"{k}/{n} [{100 * interval[0]:.0f}, {100 * interval[1]:.0f} %]" if n else DASH


def to_markdown(cells: pd.DataFrame, strong: frozenset[int] = frozenset()) -> str:
    """A table of text as GitHub-flavoured Markdown; the first cells of the rows `strong` are bold."""
    escaped = cells.map(lambda text: str(text).replace("|", r"\|")).reset_index(drop=True)
    for row in strong:
        escaped.iloc[row, 0] = f"**{escaped.iloc[row, 0]}**"
    # Without `disable_numparse` a p-value of 0.030 would be printed as 0.03.
    return str(escaped.to_markdown(index=False, disable_numparse=True)) + "\n"


def to_latex(cells: pd.DataFrame, strong: frozenset[int] = frozenset()) -> str:
    r"""A table of text as a `tabular` to \input in a paper that loads booktabs; first cells of rows `strong` bold."""
    cells = cells.reset_index(drop=True)
    styler = cells.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis="columns")
    if strong:
        first = pd.IndexSlice[sorted(strong), cells.columns[0]]
        styler = styler.map(lambda _: "textbf:--rwrap", subset=first)
    return latex_symbols(styler.to_latex(hrules=True, column_format="l" * len(cells.columns)))


def latex_symbols(text: str) -> str:
    """Text that is escaped for LaTeX, with its symbols in commands of LaTeX."""
    return text.translate(str.maketrans(dict[str, str | int | None](LATEX)))
