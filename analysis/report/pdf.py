"""The two pages to hand in: `report.typ`, its PDF, and the author's own words from `report.md`."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import tables
from ablate.analysis.figures import CAPTIONS
from ablate.analysis.report import sentences
from ablate.analysis.results import Results
from ablate.files import bounded

PAGES = 2
WORDS = bounded.MIB  # bytes of report.md
# In the order in which they are dropped, last first, when the pages are full; report.html has all of them.
FIGURES = ("effects", "loss_curves", "interactions", "variance_shares", "cost", "class_difference", "confusion",
           "samples")  # fmt: skip
ESSENTIAL = 5  # figures that shorten the table, of `ROWS` variants, before they are dropped
ROWS = (14, 8, 4)
SIZES = [
    *((ROWS[0], FIGURES[:count]) for count in range(len(FIGURES), ESSENTIAL - 1, -1)),
    *((rows, FIGURES[:ESSENTIAL]) for rows in ROWS[1:]),
    *((ROWS[-1], FIGURES[:count]) for count in range(ESSENTIAL - 1, -1, -1)),
]
SECTIONS = ("Introduction", "Methods", "Experiments and analysis", "Conclusion")
TEMPLATE = """<!-- Your own words, for report.pdf. A section's text is put at its beginning. Never overwritten. -->
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


def source(
    results: Results, body: Mapping[str, list[str]], limits: Sequence[str], drawn: Collection[str], rows: int
) -> str:
    """The text of report.typ, of `bodies`, the figures whose names are `drawn`, and a table of `rows` variants."""
    plan, runs, effects = results.plan, results.runs, results.effects
    words = author(results.folder / "report.md")
    footer = " ".join([*limits, sentences.provenance(plan, runs)])
    parts = [STYLE.format(footer=_text(footer))]
    parts.append(f'#align(center, text(14pt, weight: "bold", {_string(words.get("title") or plan["name"])}))')
    for name in SECTIONS:
        own = words.get(name, [])
        if not own and not body[name]:
            continue
        parts += [f"= {name}", *(_text(paragraph) for paragraph in [*own, *body[name]])]
        if name == "Experiments and analysis":
            parts += [_table(effects, runs, rows), *_figures(drawn, results.folder / "report")]
    return "\n\n".join(parts) + "\n"


def bodies(results: Results, notes: Sequence[str]) -> dict[str, list[str]]:
    """The paragraphs that each of `SECTIONS` has of itself."""
    return {
        "Introduction": [sentences.question(results.plan)],
        "Methods": sentences.methods(results),
        "Experiments and analysis": [*sentences.verdicts(results.effects, results.runs), *notes],
        "Conclusion": [],
    }


def author(path: Path) -> dict[str, Any]:
    """What report.md holds: `title`, and the paragraphs of each section; nothing if there is no such file.

    Raises:
        InputError: it is larger than `WORDS`.
    """
    try:
        text = bounded.contents(path, WORDS).decode(errors="replace")
    except OSError:
        return {}
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    title, *sections = re.split(r"^## +", text, flags=re.M)
    found: dict[str, Any] = {"title": title.strip().removeprefix("#").strip()}
    for section in sections:
        name, _, body = section.partition("\n")
        found[name.strip()] = [" ".join(part.split()) for part in re.split(r"\n\s*\n", body) if part.strip()]
    return found


def _table(effects: pd.DataFrame, runs: pd.DataFrame, rows: int) -> str:
    """The main table: the baseline, and the variants that differ most."""
    order = effects["difference_pp"].abs().sort_values(ascending=False, na_position="last", kind="stable").index
    kept = effects.loc[[0, *[place for place in order if place != 0][:rows]]]
    shown = tables.display(kept.reset_index(drop=True), runs).rename(columns=SHORT)
    # A long name may be broken after these marks.
    shown["Variant"] = shown["Variant"].str.replace(r"([=_+,.])", "\\1\u200b", regex=True)
    cells = [[f"[{_text(text)}]" for text in row] for row in shown.itertuples(index=False)]
    for row, verdict in zip(cells, kept["verdict"], strict=True):
        row[0] = f"strong{row[0]}" if verdict.startswith("better") else row[0]
    head = ", ".join(f"[*{_text(name)}*]" for name in shown.columns)
    body = ", ".join(cell for row in cells for cell in row)
    left = len(effects) - len(kept)
    caption = "Validation accuracy and differences to the baseline." + (
        f" {left} more variants are in effects.csv." if left else ""
    )
    columns = ", ".join(["1fr", *["auto"] * (len(shown.columns) - 1)])
    return (
        f"#figure(table(columns: ({columns}), stroke: none, inset: 3pt, align: left, table.hline(),"
        f" table.header({head}), table.hline(stroke: 0.5pt), {body}, table.hline()),"
        f" caption: {_string(caption)}, kind: table)"
    )


SHORT = {
    "n (seeds)": "n",
    "Validation accuracy (%), mean ± SD": "Accuracy (%), mean ± SD",
    "Parameters": "Params",
    "Time (s), median": "Time (s)",
    "Equivalence [90 % CI]": "Equivalence [90 % CI], p",
    "Lost or at chance (runs)": "Lost or at chance",
}
WIDE, HALF = 17.4, 9.0  # cm: of the text, and of a figure that stands beside another


def _figures(drawn: Collection[str], folder: Path) -> list[str]:
    """The figures at the size they were drawn for; the two wide ones first, then those of half a page, two in a row.

    A wide one after the first floats: where the page has no room for it, what comes next takes its place.
    """
    found = {name: _figure(name, folder) for name in FIGURES if name in drawn}
    wide = [figure for figure, width in found.values() if width > HALF]
    wide = [
        f"#[#set figure(placement: auto); #{figure}]" if place else f"#{figure}" for place, figure in enumerate(wide)
    ]
    narrow = [figure for figure, width in found.values() if width <= HALF]
    grid = [f"#grid(columns: (1fr, 1fr), gutter: 8pt, {', '.join(narrow)})"] if narrow else []
    return [*wide[:2], *grid, *wide[2:]]


def _figure(name: str, folder: Path) -> tuple[str, float]:
    """A figure with its caption, and its width in cm."""
    path = f"figures/{name}.svg"
    found = re.search(r'<svg[^>]* width="([0-9.]+)pt"', (folder / path).read_text(), re.S)
    assert found is not None  # matplotlib writes it
    width = min(float(found[1]) / 72 * 2.54, WIDE)
    return f'figure(image("{path}", width: {width:.2f}cm), caption: {_string(CAPTIONS[name])})', width


def _string(text: str) -> str:
    """A typst string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(text: str) -> str:
    """Text as typst content in which nothing is markup."""
    return f"#{_string(text)}"
