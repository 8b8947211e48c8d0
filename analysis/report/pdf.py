"""The two-page report: the Typst source of report.pdf, with the author's text from `report.md`."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from ablate.analysis import tables
from ablate.analysis.author.to_typst import string
from ablate.analysis.formats import plural
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.factor_sentences import factor_effects
from ablate.analysis.report.incomplete import partly_compared
from ablate.analysis.report.layout import Layout, figures
from ablate.analysis.report.limits import provenance
from ablate.analysis.report.methods import methods, question
from ablate.analysis.report.pair_sentences import all_pairs
from ablate.analysis.report.verdict_sentences import interaction, verdicts
from ablate.analysis.results import Results

STYLE = """#set document(date: none)
#set page("a4", margin: (x: 1.8cm, y: 1.5cm))
#set text(9pt)
#set par(justify: true)
#show heading: set block(above: 0.8em, below: 0.5em)
#show table: set text(7pt)
#show figure.caption: set text(8pt)
"""


def typst_source(results: Results, paragraphs: Mapping[str, list[str]], limits: Sequence[str], layout: Layout) -> str:
    """Write the Typst source of the report.

    Args:
        results: The results of the study.
        paragraphs: {section: its generated paragraphs}, from `generated_text`.
        limits: Sentences on the limits of the study, for the foot of the last page.
        layout: The size of the table, and the figures.
    """
    plan, runs, effects = results.plan, results.runs, results.effects
    author = results.author
    parts = [STYLE, f'#align(center, text(14pt, weight: "bold", {string(author.title or plan.name)}))']
    for name in author.sections:
        text = [*author.typst(name), *(_text(paragraph) for paragraph in paragraphs.get(name, []))]
        shown = []
        if name == "Experiments and analysis":
            shown = [_table(effects, runs, layout.rows, results.format), *_test_table(results)]
            shown += figures(layout, results.home / "report")
        if text or shown:
            parts += [*([f"= {_text(name)}"] if name else []), *text, *shown]
    foot = " ".join([*limits, provenance(plan, runs)])
    parts.append(f"#v(1fr)\n#block(breakable: false, inset: (top: 1em), text(6.5pt, {string(foot)}))")
    return "\n\n".join(parts) + "\n"


def generated_text(results: Results, notes: Sequence[str]) -> dict[str, list[str]]:
    """Write the generated paragraphs of each section.

    Args:
        results: The results of the study.
        notes: Sentences on incomplete runs and mixed code, for the section on experiments.

    Returns:
        {section: paragraphs}, for each of `author.text.SECTIONS`.
    """
    if results.search is not None and results.only_trials:
        answers = [tables.best_trial(results.search, results.format)]
    else:
        answers = verdicts(results.effects, results.runs, results.format)
    return {
        "Introduction": [question(results.plan)],
        "Methods": methods(results),
        "Experiments and analysis": [
            *answers,
            *interaction(results.contrasts, results.format),
            *factor_effects(results),
            *all_pairs(results),
            *notes,
        ],
        "Conclusion": [],
    }


def _table(effects: pd.DataFrame, runs: pd.DataFrame, rows: int, printed: MetricFormat) -> str:
    """The main table: the baseline and the variants that differ most from it."""
    order = effects["difference"].abs().sort_values(ascending=False, na_position="last", kind="stable").index
    shown = effects.loc[[0, *[position for position in order if position != 0][:rows]]]
    cells = tables.display(shown.reset_index(drop=True), runs, printed).drop(
        columns=list(NOT_ON_PAPER), errors="ignore"
    )
    cells = cells.rename(columns=SHORT_NAMES)
    strong = {place for place, verdict in enumerate(shown["verdict"]) if verdict.startswith("better")}
    omitted = len(effects) - len(shown)
    caption = f"{printed.title}, mean ± SD over seeds, and difference from the baseline."
    if strong:
        caption += " Bold: better than the baseline."
    if partly_compared(shown, runs):
        caption += " †: compared over the seeds on which variant and baseline both converged."
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
        f" caption: {string(caption)}, kind: table)"
    )


NOT_ON_PAPER = ("g_z", "Wins", "Parameters", "Time (s), median")  # columns that report.html and the tables have
SHORT_NAMES = {
    "n (seeds)": "n",
    "Validation accuracy (%), mean ± SD": "Accuracy (%), mean ± SD",
    "Equivalence [90 % CI]": "Equivalence [90 % CI], p",
    "Lost or at chance (runs)": "Lost or at chance",
}


def _text(text: str) -> str:
    """Typst content that shows a text as it is, without interpreting markup."""
    return f"#{string(text)}"
