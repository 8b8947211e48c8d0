"""The tables and figures of report.pdf as Typst content."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from ablate.analysis import tables
from ablate.analysis.author.to_typst import string
from ablate.analysis.effects import most_different, planned_comparisons
from ablate.analysis.report.incomplete import partly_compared
from ablate.analysis.report.layout import COLUMN, WIDE
from ablate.analysis.report.verdict_sentences import rule
from ablate.analysis.results import Results
from ablate.terminal.text import plural

NOT_ON_PAPER = (
    "g_z",
    "Wins",
    "Parameters",
    "Time (s), median",
    tables.EQUIVALENCE,
)  # columns that report.html and the tables have
SHORT_NAMES = {
    "n (seeds)": "n",
    "Validation accuracy (%), mean ± SD": "Accuracy (%), mean ± SD",
    "Lost or at chance (runs)": "Lost or at chance",
}


def main_table(results: Results, rows: int) -> str:
    """The main table: the baseline and the variants that differ most from it, in the order of the plan."""
    effects, runs, printed = results.effects, results.runs, results.format
    names = most_different(effects, rows + 1)
    shown = effects[effects["variant"].isin(names)].reset_index(drop=True)
    cells = tables.display(shown, runs, printed).drop(columns=list(NOT_ON_PAPER), errors="ignore")
    if len(effects) < 2:
        cells = cells[["Variant", "n (seeds)", f"{printed.header}, mean ± SD"]]
    cells = cells.rename(columns=SHORT_NAMES)
    strong = {place for place, verdict in enumerate(shown["verdict"]) if verdict.startswith("better")}
    omitted = len(effects) - len(shown)
    caption = f"{printed.title}: mean ± standard deviation over seeds"
    caption += ", and difference from the baseline." if len(effects) > 1 else "."
    if tables.has_single_seeds(cells):
        caption += f" {tables.ONE_SEED}"
    if planned_comparisons(runs):
        caption += f" {rule(effects, printed)}"
    if strong:
        caption += " Bold: better than the baseline."
    if partly_compared(shown, runs):
        caption += " †: compared over the seeds on which variant and baseline both converged."
    if omitted:
        caption += f" {plural(omitted, 'variant')} that differ less: report.html."
    return _typst_table(cells, caption, strong)


def test_table(results: Results) -> str:
    """The table of test accuracies; empty if the test set was not used."""
    table = tables.on_test_set(results.usage, results.labels, results.metric)
    return _typst_table(table.cells, f"{table.title}. {tables.with_single_seeds(table).note}") if table else ""


def other_test_sets(results: Results) -> tuple[str, ...]:
    """The results on other test sets: as a table, and as a line that names it; empty if there are none."""
    if results.other_tests is None:
        return ()
    table = tables.other_test_sets(results.other_tests, results.labels, results.runs, results.metric)
    if table is None:
        return ()
    cells = table.cells.drop(columns="Its difference [95 % CI]").rename(columns=SHORT_NAMES)
    by_corruption = tables.conditions(results.other_tests, results.labels, results.metric)
    more = f" {by_corruption.title}: report.html." if by_corruption else ""
    caption = f"{table.title}. {tables.with_single_seeds(table).note}{more}"
    line = f"{table.title} ({', '.join(dict.fromkeys(cells['Test set']))}): report.html and tables/test_on.md."
    return _typst_table(cells, caption), f"#text(8pt, {string(line)})"


def _typst_table(cells: pd.DataFrame, caption: str, strong: Collection[int] = ()) -> str:
    """A table of text over both columns; the first column is bold in the rows `strong`."""
    # A zero-width space after these characters allows a line break.
    cells = cells.assign(Variant=cells["Variant"].str.replace(r"([=_+,.])", "\\1\u200b", regex=True))
    typst_cells = [[f"[#{string(text)}]" for text in row] for row in cells.itertuples(index=False)]
    for place in strong:
        typst_cells[place][0] = f"strong{typst_cells[place][0]}"
    head = ", ".join(f"[*#{string(name)}*]" for name in cells.columns)
    body = ", ".join(cell for row in typst_cells for cell in row)
    columns = ", ".join("1fr" if name == "Variant" else "auto" for name in cells)
    return (
        f"#figure(table(columns: ({columns}), stroke: none, inset: (x: 4pt, y: 2.5pt), align: left, table.hline(),"
        f" table.header({head}), table.hline(stroke: 0.5pt), {body}, table.hline()),"
        f" caption: {string(caption)}, kind: table)"
    )


def figures(drawn: Mapping[str, Path], captions: Mapping[str, str]) -> dict[str, str]:
    """Figures at their original size with their captions; further pages of curves refer to the first.

    Args:
        drawn: {name: SVG file}, in the folder of the report.
        captions: {name: caption}, from `ablate.analysis.figures.captions`.
    """
    contents = {}
    for name, path in drawn.items():
        first = re.sub(r"_\d+$", "", name)
        caption = captions[first] if name == first else f"{captions[first].partition(',')[0]} of further variants."
        size = f"width: {min(width(path), WIDE if is_wide(path) else COLUMN):.2f}cm"
        contents[name] = f'#figure(image("figures/{path.name}", {size}), caption: {string(caption)})'
    return contents


def is_wide(path: Path) -> bool:
    """Whether an SVG figure does not fit a column."""
    return width(path) > 1.05 * COLUMN


def width(path: Path) -> float:
    """The width of an SVG figure in cm."""
    match = re.search(r'<svg[^>]* width="([0-9.]+)pt"', path.read_text(encoding="utf-8"), re.S)
    assert match is not None  # Matplotlib always writes the width
    return float(match[1]) / 72 * 2.54
