"""The two-page report: the Typst source of report.pdf, with the author's text from `report.md`."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import tables
from ablate.analysis.figures import CAPTIONS
from ablate.analysis.formats import plural
from ablate.analysis.report.limits import provenance
from ablate.analysis.report.methods import methods, question
from ablate.analysis.report.verdict_sentences import verdicts
from ablate.analysis.results import Results
from ablate.files import bounded
from ablate.terminal.text import printable

PAGES = 2
MAX_BYTES = bounded.MIB  # of report.md
# By importance: if the pages are full, figures are dropped from the end. report.html has all of them.
FIGURES = ("effects", "loss_curves", "accuracy_curves", "interactions", "variance_shares", "cost", "class_difference",
           "confusion", "samples")  # fmt: skip
ESSENTIAL = 6  # figures that are dropped only after the table is shortened
ROWS = (14, 8, 4)  # variants in the table
# (rows of the table, figures), the most complete layout first.
SIZES = [
    *((ROWS[0], FIGURES[:count]) for count in range(len(FIGURES), ESSENTIAL - 1, -1)),
    *((rows, FIGURES[:ESSENTIAL]) for rows in ROWS[1:]),
    *((ROWS[-1], FIGURES[:count]) for count in range(ESSENTIAL - 1, -1, -1)),
]
SECTIONS = ("Introduction", "Methods", "Experiments and analysis", "Conclusion")
TEMPLATE = """<!-- Your text for report.pdf and report.html, placed at the start of each section. Never overwritten. -->
# {title}

""" + "\n\n".join(f"## {name}\n" for name in SECTIONS)
STYLE = """#set document(date: none)
#set page("a4", margin: (x: 1.8cm, top: 1.5cm, bottom: 2.2cm), footer: text(6.5pt)[{footer}])
#set text(9pt)
#set par(justify: true)
#show heading: set block(above: 0.8em, below: 0.5em)
#show table: set text(7pt)
#show figure.caption: set text(8pt)
"""


def typst_source(
    results: Results, paragraphs: Mapping[str, list[str]], limits: Sequence[str], figures: Collection[str], rows: int
) -> str:
    """Write the Typst source of the report.

    Args:
        results: The results of the study.
        paragraphs: {section: its generated paragraphs}, from `generated_text`.
        limits: Sentences on the limits of the study, for the footer.
        figures: Names of the figures to include.
        rows: Number of variants in the table, not counting the baseline.
    """
    plan, runs, effects = results.plan, results.runs, results.effects
    author = author_text(results.folder / "report.md")
    footer = " ".join([*limits, provenance(plan, runs)])
    parts = [STYLE.format(footer=_text(footer))]
    parts.append(f'#align(center, text(14pt, weight: "bold", {_string(author.get("title") or plan.name)}))')
    for name in SECTIONS:
        text = [*author.get(name, []), *paragraphs[name]]
        if not text:
            continue
        parts += [f"= {name}", *(_text(paragraph) for paragraph in text)]
        if name == "Experiments and analysis":
            parts += [_table(effects, runs, rows), *_test_table(results)]
            parts += _figures(figures, results.folder / "report")
    return "\n\n".join(parts) + "\n"


def generated_text(results: Results, notes: Sequence[str]) -> dict[str, list[str]]:
    """Write the generated paragraphs of each section.

    Args:
        results: The results of the study.
        notes: Sentences on incomplete runs and mixed code, for the section on experiments.

    Returns:
        {section: paragraphs}, for each of `SECTIONS`.
    """
    return {
        "Introduction": [question(results.plan)],
        "Methods": methods(results),
        "Experiments and analysis": [*verdicts(results.effects, results.runs), *notes],
        "Conclusion": [],
    }


def author_text(path: Path) -> dict[str, Any]:
    """Read the author's text.

    Args:
        path: A report.md, with one `##` heading per section.

    Returns:
        {"title": title, section: paragraphs}; empty if there is no file.

    Raises:
        InputError: The file is larger than `MAX_BYTES`.
    """
    try:
        text = bounded.contents(path, MAX_BYTES).decode(errors="replace")
    except OSError:
        return {}
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    title, *sections = re.split(r"^## +", text, flags=re.M)
    content: dict[str, Any] = {"title": title.strip().removeprefix("#").strip()}
    for section in sections:
        name, _, body = section.partition("\n")
        content[name.strip()] = [" ".join(part.split()) for part in re.split(r"\n\s*\n", body) if part.strip()]
    return content


def _table(effects: pd.DataFrame, runs: pd.DataFrame, rows: int) -> str:
    """The main table: the baseline and the variants that differ most from it."""
    order = effects["difference_pp"].abs().sort_values(ascending=False, na_position="last", kind="stable").index
    shown = effects.loc[[0, *[position for position in order if position != 0][:rows]]]
    cells = tables.display(shown.reset_index(drop=True), runs).drop(columns=list(NOT_ON_PAPER), errors="ignore")
    cells = cells.rename(columns=SHORT_NAMES)
    strong = {place for place, verdict in enumerate(shown["verdict"]) if verdict.startswith("better")}
    omitted = len(effects) - len(shown)
    caption = "Validation accuracy and differences from the baseline."
    if omitted:
        caption += f" {plural(omitted, 'more variant')} in effects.csv."
    return _typst_table(cells, caption, strong)


def _test_table(results: Results) -> list[str]:
    """The table of test accuracies; none if the test set was not used."""
    table = tables.test_set(results.usage, results.labels)
    return [_typst_table(table.cells, f"{table.title}. {table.note}")] if table else []


def _typst_table(cells: pd.DataFrame, caption: str, strong: Collection[int] = ()) -> str:
    """A table of text as a figure; the first column is the variant, bold in the rows `strong`."""
    # A zero-width space after these characters allows a line break.
    cells = cells.assign(Variant=cells["Variant"].str.replace(r"([=_+,.])", "\\1\u200b", regex=True))
    typst_cells = [[f"[{_text(text)}]" for text in row] for row in cells.itertuples(index=False)]
    for place in strong:
        typst_cells[place][0] = f"strong{typst_cells[place][0]}"
    head = ", ".join(f"[*{_text(name)}*]" for name in cells.columns)
    body = ", ".join(cell for row in typst_cells for cell in row)
    columns = ", ".join(["1fr", *["auto"] * (len(cells.columns) - 1)])
    return (
        f"#figure(table(columns: ({columns}), stroke: none, inset: 3pt, align: left, table.hline(),"
        f" table.header({head}), table.hline(stroke: 0.5pt), {body}, table.hline()),"
        f" caption: {_string(caption)}, kind: table)"
    )


NOT_ON_PAPER = ("g_z", "Wins", "Parameters", "Time (s), median")  # columns that report.html and the tables have
SHORT_NAMES = {
    "n (seeds)": "n",
    "Validation accuracy (%), mean ± SD": "Accuracy (%), mean ± SD",
    "Equivalence [90 % CI]": "Equivalence [90 % CI], p",
    "Lost or at chance (runs)": "Lost or at chance",
}
WIDE, HALF = 17.4, 9.0  # cm: width of the text, and largest width of a figure that shares a row


def _figures(names: Collection[str], folder: Path) -> list[str]:
    """The figures at their original size: three wide ones, the narrow ones in two columns, the other wide ones.

    Each wide figure but the first floats, so that the next figures can fill a page on which it does not fit.
    """
    figures = [_figure(name, folder) for name in FIGURES if name in names]
    wide = [figure for figure, width in figures if width > HALF]
    wide = [f"#[#set figure(placement: auto); #{figure}]" if i else f"#{figure}" for i, figure in enumerate(wide)]
    narrow = [figure for figure, width in figures if width <= HALF]
    grid = [f"#grid(columns: (1fr, 1fr), gutter: 8pt, {', '.join(narrow)})"] if narrow else []
    return [*wide[:3], *grid, *wide[3:]]


def _figure(name: str, folder: Path) -> tuple[str, float]:
    """A figure with its caption, and its width in cm."""
    path = f"figures/{name}.svg"
    match = re.search(r'<svg[^>]* width="([0-9.]+)pt"', (folder / path).read_text(), re.S)
    assert match is not None  # Matplotlib always writes the width
    width = min(float(match[1]) / 72 * 2.54, WIDE)
    return f'figure(image("{path}", width: {width:.2f}cm), caption: {_string(CAPTIONS[name])})', width


def _string(text: str) -> str:
    """A Typst string literal; Typst fails on some control characters."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(text: str) -> str:
    """Typst content that shows a text as it is, without interpreting markup."""
    return f"#{_string(text)}"
