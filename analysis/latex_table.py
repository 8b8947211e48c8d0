r"""A table of text as LaTeX that fits \textwidth of an A4 article; it needs the packages array and booktabs.

Columns that do not fit next to each other are in a second table below the first, with the first column repeated.
"""

import re
from functools import cache
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.font_manager import get_font

from ablate.analysis.formats import LATEX, latex_symbols, texts
from ablate.terminal.text import plural, printable

TEXT_WIDTH = 345.0  # pt: of the article class, 10 pt, A4
SIZE, WIDER = 8.0, 1.08  # pt: \footnotesize; its font is wider than that of 10 pt
BOLD = 1.16  # times as wide
GAP = 6.0  # pt: between two columns
FIRST, OTHER = 80.0, 72.0  # pt: text that is wider is broken, in the first column and in others
WORD = 10  # characters of a word without punctuation after which it may be broken
MOST_ROWS = 45  # that fit a page
NUMBER = re.compile(r"[-+−<±\d\s.,:/%†\[\]()kMGp—]*")
ESCAPES = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", '"': "''",
           "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}  # fmt: skip
MATH = re.compile(r"^(g_z|[pnFP])(?![^\W_])")  # symbols at the start of a header


def to_latex(cells: pd.DataFrame, strong: frozenset[int] = frozenset(), note: str = "") -> str:
    """Format a table of text: numbers are aligned on the right, long names and headers are broken.

    Args:
        cells: The table.
        strong: Positions of the rows with a bold first cell.
        note: Sentences below the table.
    """
    cells = texts(cells, printable)
    if len(cells) > MOST_ROWS:
        more = plural(len(cells) - MOST_ROWS, "more row is", "more rows are")
        note = f"{more} in the CSV file. {note}".rstrip()
        cells = cells.head(MOST_ROWS)
    tabulars = [_tabular(cells[names], strong) for names in _groups(cells, strong)]
    body = "\n\\par\\medskip\n".join(tabulars)
    if note:
        body += f"\n\\par\\smallskip\n\\parbox{{\\linewidth}}{{\\footnotesize\\raggedright {escaped(note)}}}"
    settings = rf"\footnotesize\setlength{{\tabcolsep}}{{{GAP / 2:g}pt}}\setlength{{\parindent}}{{0pt}}"
    return f"\\begingroup{settings}\n{body}\n\\par\\endgroup\n"


def escaped(text: str) -> str:
    r"""LaTeX that shows a text as it is; a character that its default fonts lack as its code: `\u732b`."""
    known = "".join(
        char if char.isascii() or char in LATEX or (char.isalpha() and ord(char) < 256) else _code(char)
        for char in printable(text)
    )
    shown = latex_symbols("".join(ESCAPES.get(char, char) for char in known))
    return f"{{}}{shown}" if shown.startswith(("[", "*")) else shown  # after a line break they would be its arguments


def _code(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode()


def _groups(cells: pd.DataFrame, strong: frozenset[int]) -> list[list[str]]:
    """The columns of each table: as many as fit, after the first column."""
    first, *others = cells.columns
    groups: list[list[str]] = [[first]]
    used = start = min(_first_width(cells, strong), FIRST)
    for name in others:
        width = GAP + _width(name, cells[name])
        if used + width > TEXT_WIDTH and len(groups[-1]) > 1:
            groups.append([first])
            used = start
        groups[-1].append(name)
        used += width
    return groups


def _tabular(cells: pd.DataFrame, strong: frozenset[int]) -> str:
    """One table. Its first column has the width that the others leave, or less."""
    first, *others = cells.columns
    left = TEXT_WIDTH - sum(GAP + _width(name, cells[name]) for name in others)
    kinds = [_first_kind(cells, strong, left)] + [_kind(name, cells[name]) for name in others]
    aligned = ["l" if kind != "r" else "r" for kind in kinds]
    header = [_header(_lines(name, cells[name]), side) for name, side in zip(cells.columns, aligned, strict=True)]
    rows = []
    for place, row in enumerate(cells.itertuples(index=False)):
        shown = [
            _breakable(cell) if kind.startswith(">") else escaped(cell) for cell, kind in zip(row, kinds, strict=True)
        ]
        shown[0] = rf"\textbf{{{shown[0]}}}" if place in strong else shown[0]
        rows.append(" & ".join(shown) + r" \\")
    lines = [r"\toprule", " & ".join(header) + r" \\", r"\midrule", *rows, r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}", *lines, r"\end{tabular}"])


def _first_kind(cells: pd.DataFrame, strong: frozenset[int], left: float) -> str:
    """The type of the first column: broken where it does not fit."""
    return "l" if _first_width(cells, strong) <= left else _paragraph(left)


def _first_width(cells: pd.DataFrame, strong: frozenset[int]) -> float:
    column = cells.iloc[:, 0]
    rows = [BOLD ** (place in strong) * text_width(cell) for place, cell in enumerate(column)]
    return max([*rows, *map(text_width, _lines(cells.columns[0], column))], default=0.0)


def _kind(name: str, column: pd.Series) -> str:
    """The type of another column: numbers on the right, long text broken."""
    if all(NUMBER.fullmatch(cell) for cell in column):
        return "r"
    return "l" if max(map(text_width, column), default=0.0) <= OTHER else _paragraph(_width(name, column))


def _paragraph(width: float) -> str:
    return rf">{{\raggedright\arraybackslash}}p{{{width:.1f}pt}}"


def _width(name: str, column: pd.Series) -> float:
    """The width of a column in pt."""
    header = max(map(text_width, _lines(name, column)))
    content = max(map(text_width, column), default=0.0)
    is_number = all(NUMBER.fullmatch(cell) for cell in column)
    return max(header, content if is_number else min(content, OTHER))


def _header(lines: list[str], side: str) -> str:
    """The lines of a header; its symbols as math."""
    shown = []
    for line in lines:
        symbol = MATH.match(line)
        rest = escaped(line[symbol.end() :] if symbol else line)
        shown.append(f"${symbol[1]}${rest}" if symbol else rest)
    return shown[0] if len(shown) == 1 else rf"\shortstack[{side}]{{" + r"\\".join(shown) + "}"


def _lines(name: str, column: pd.Series) -> list[str]:
    """The lines of a header that is as wide as its column if it can be; an interval such as `[95 % CI]` stays whole."""
    room = min(max(map(text_width, column), default=0.0), OTHER)
    whole = re.sub(r"\[[^\]]*\]", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), name)
    lines: list[str] = []
    for word in whole.split(" "):
        if lines and text_width(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines += [word[start : start + 24] for start in range(0, len(word), 24)]
    return lines or [""]


def _breakable(text: str) -> str:
    """An escaped text that may be broken after punctuation, and within words that have none."""
    parts = re.split(r"(?<=[=_+,./:\-])", text)
    pieces = [part[start : start + WORD] for part in parts for start in range(0, len(part), WORD)]
    return r"\allowbreak{}".join(escaped(piece) for piece in pieces)


def text_width(text: str) -> float:
    r"""The width of a text in pt, in Computer Modern at \\footnotesize."""
    return WIDER * sum(map(_char_width, text))


@cache
def _char_width(char: str) -> float:
    font = get_font(str(Path(matplotlib.get_data_path()) / "fonts/ttf/cmr10.ttf"))
    font.set_size(SIZE, 72)
    code = ord(char)
    if code not in font.get_charmap():
        return 0.8 * SIZE if char.isascii() or char in LATEX else 0.55 * SIZE * len(_code(char))
    return float(font.load_char(code).linearHoriAdvance) / 65536
