"""Arrange text, tables and figures on two pages: the font size, the rows of the table, the figures and their places.

A page is a sequence of rows over both columns: the title, a group of text and narrow figures in two balanced columns,
the tables, two learning curves side by side, a second group, wide figures, the foot.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

PAGES = 2
COLUMN, GUTTER, PAGE = 8.55, 0.5, 26.7  # cm: width of a column, gap between the columns, height of the text
WIDE = 2 * COLUMN + GUTTER
GAP = 0.5  # cm: between two rows, and above and below a figure
SLACK = 0.6  # cm: lines that do not break where two columns would be equal
SHORT_PAGE = 6.0  # cm of white space that are accepted before the last page has less than a quarter
LATE_TABLE = 12.0  # cm of white space that are accepted before the table moves to the second page
SIZES = (10.0, 9.5, 9.0)  # points: font sizes of the text
ROWS = (24, 14, 8, 4)  # variants in the table
CURVES = ("loss_curves", "accuracy_curves", "metric_curves")  # the first two of a study are side by side
# In the order in which they are shown, within their group; also by importance, from `stages` on.
ORDER = (
    "effects",
    "stages",
    "budgets",
    "blocks",
    "ranks",
    "path",
    *CURVES,
    "interactions",
    "factor_effects",
    "attribution",
    "variance_shares",
    "cost",
    "class_difference",
    "samples",
    "confusion",
)
# By importance: a figure that does not fit is left out. report.html has all of them.
REQUIRED = (("effects",), CURVES)  # left out only after the table is shortened
OPTIONAL = tuple(name for name in ORDER if name not in {"effects", *CURVES})
MORE_CURVES = tuple(tuple(f"{name}_{page}" for name in CURVES) for page in (2, 3, 4))  # of further variants


@dataclass(frozen=True)
class Heights:
    """Heights of the parts, in cm; text by font size, the main table by its rows, figures with their captions."""

    title: float
    first: Mapping[float, float]  # text of the first group, in one column
    last: Mapping[float, float]  # text of the second group
    table: Mapping[int, float]
    test_table: float
    foot: float
    figures: Mapping[str, float]
    wide: Collection[str] = ()  # figures that are wider than a column
    page: float = PAGE
    other_tests: tuple[float, ...] = ()  # results on other test sets, as a table and as a line


@dataclass(frozen=True)
class Layout:
    """The font size, the variants in the table, the figures of each place, and the heights of the groups in cm."""

    size: float
    rows: int
    first: tuple[str, ...]  # narrow figures of the first group
    curves: tuple[tuple[str, ...], ...]  # pairs of curves
    second: tuple[str, ...]
    wide: tuple[str, ...]
    group: tuple[float, float] = (0.0, 0.0)
    pages: int = 0
    other_tests: int = 0  # place of their form among `Heights.other_tests`

    @property
    def figures(self) -> set[str]:
        """The names of all its figures."""
        return {*self.first, *itertools.chain(*self.curves), *self.second, *self.wide}


def fitting(heights: Heights) -> Layout:
    """The layout with the most content that fits two pages; if the text alone does not, one without figures.

    The table of other test sets is shown unless that shortens the main table or drops a figure that every report has.
    """
    layout = _fitting(heights, len(heights.other_tests) - 1)
    for place in range(len(heights.other_tests) - 1):
        whole = _fitting(heights, place)
        required = {name for unit in REQUIRED for name in unit} & layout.figures
        if whole.pages <= PAGES and whole.rows == layout.rows and required <= whole.figures:
            return whole
    return layout


def _fitting(heights: Heights, other_tests: int) -> Layout:
    """The layout with the most content, with other test sets in this form."""
    required = [name for unit in REQUIRED for name in unit if name in heights.figures]
    tables = [rows for rows in ROWS if rows in heights.table]
    sizes = [(rows, required) for rows in tables]
    sizes += [(tables[-1], required[:count]) for count in range(len(required) - 1, -1, -1)]
    for rows, names in sizes:
        layout = _best(heights, rows, names, other_tests)
        if layout.pages <= PAGES:
            break
    chosen = list(names)
    for unit in [*((name,) for name in OPTIONAL), *MORE_CURVES]:
        more = [*chosen, *(name for name in unit if name in heights.figures)]
        if len(more) > len(chosen) and (larger := _best(heights, rows, more, other_tests)).pages <= PAGES:
            layout, chosen = larger, more
    return layout


def _best(heights: Heights, rows: int, names: Collection[str], other_tests: int) -> Layout:
    """The layout of these figures with the fewest pages and the least white space."""
    layouts = [_placed(heights, replace(one, other_tests=other_tests)) for one in _layouts(heights, rows, names)]

    def cost(one: Layout) -> tuple[int, float]:
        late = LATE_TABLE if _first_page(heights, one) + GAP + heights.table[rows] > heights.page else 0.0
        filled = _filled(heights, one)
        short = SHORT_PAGE if len(filled) > 1 and filled[-1] < heights.page / 4 else 0.0
        return max(one.pages, PAGES), _white(heights, one) + 2 * (SIZES[0] - one.size) + late + short

    return min(layouts, key=cost)


def _layouts(heights: Heights, rows: int, names: Collection[str]) -> Iterator[Layout]:
    """All sizes of the text, and all divisions of the narrow figures into two groups."""
    pages = [[f"{name}{page}" for name in CURVES if f"{name}{page}" in names] for page in ("", "_2", "_3", "_4")]
    curves = tuple(tuple(page[:2]) for page in pages if len(page) > 1)
    paired = {*itertools.chain(*curves)}
    others = [name for name in [*ORDER, *itertools.chain(*pages)] if name in names and name not in paired]
    others = list(dict.fromkeys(others))
    wide = tuple(name for name in others if name in heights.wide)
    narrow = [name for name in others if name not in wide]
    for size, count in itertools.product(SIZES, range(len(narrow) + 1)):
        yield Layout(size, rows, tuple(narrow[:count]), curves, tuple(narrow[count:]), wide)


def _placed(heights: Heights, layout: Layout) -> Layout:
    """The layout with the heights of its groups and its number of pages."""
    group = (
        balanced(heights.first[layout.size], _heights(heights, layout.first)),
        balanced(heights.last[layout.size], _heights(heights, layout.second)),
    )
    layout = replace(layout, group=group)
    pages = len(_filled(heights, layout))
    if layout.first and _first_page(heights, layout) > heights.page:  # only text breaks across pages
        pages += PAGES
    return replace(layout, pages=pages)


def _first_page(heights: Heights, layout: Layout) -> float:
    """The height of the title and the first group."""
    return heights.title + GAP + layout.group[0]


def balanced(text: float, figures: Sequence[float]) -> float:
    """The height of two columns with text, which can break anywhere, and figures after it, which cannot."""
    if not figures and not text:
        return 0.0
    if text >= sum(figures):
        return (text + sum(figures)) / 2 + SLACK
    return min(max(text + sum(figures[:k]), sum(figures[k:])) for k in range(len(figures) + 1)) + SLACK / 4


def left(text: float, figures: Sequence[float]) -> int | None:
    """The number of figures in the left column; None if the columns break within the text."""
    if text >= sum(figures):
        return None
    return min(range(len(figures), -1, -1), key=lambda k: max(text + sum(figures[:k]), sum(figures[k:])))


def _heights(heights: Heights, names: Sequence[str]) -> list[float]:
    return [heights.figures[name] + GAP for name in names]


def _filled(heights: Heights, layout: Layout) -> list[float]:
    """The filled height of each page. Only the first group breaks across pages."""
    rows = [heights.table[layout.rows], heights.test_table]
    rows += heights.other_tests[layout.other_tests : layout.other_tests + 1]
    rows += [max(heights.figures[name] for name in pair) for pair in layout.curves]
    rows += [layout.group[1], *(heights.figures[name] for name in layout.wide), heights.foot]
    whole, rest = divmod(heights.title + GAP + layout.group[0], heights.page)
    pages = [heights.page] * int(whole) + [rest]
    for row in rows:
        if row and pages[-1] + GAP + row > heights.page:
            pages.append(row)
        elif row:
            pages[-1] += GAP + row
    return pages


def _white(heights: Heights, layout: Layout) -> float:
    """White space in cm of height over both columns: at the ends of pages but the last one, and within the groups."""
    text = (heights.first[layout.size], heights.last[layout.size])
    contents = (text[0] + sum(_heights(heights, layout.first)), text[1] + sum(_heights(heights, layout.second)))
    inside = sum(height - content / 2 for height, content in zip(layout.group, contents, strict=True))
    return inside + sum(heights.page - filled for filled in _filled(heights, layout)[:-1])
