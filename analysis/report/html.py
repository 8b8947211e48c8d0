"""The interactive report: one self-contained HTML file with sortable tables, intervals in their rows, and curves."""

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import jinja2
import pandas as pd
from markupsafe import Markup

from ablate.analysis import collect
from ablate.analysis.figures import captions
from ablate.analysis.formats import DASH, number
from ablate.analysis.report import html_trials, pdf_source
from ablate.analysis.report.html_curves import curve_data
from ablate.analysis.report.html_forest import forest, mark
from ablate.analysis.report.limits import provenance
from ablate.analysis.results import Results
from ablate.analysis.tables import Table
from ablate.analysis.variant_results import differences
from ablate.terminal.text import printable

SCRIPTS = ("tables.js", "page.js", "curves.js")
INTERACTIVE = (
    "effects",
    "loss_curves",
    "accuracy_curves",
    "metric_curves",
)  # figures that the page has in another form
FIRST = ("effects", "trials", "importance", "test", "test_on")  # tables that the navigation names
MOST_ROWS = 2000  # of a table; more are in its CSV file
MOST_RUNS = 20_000  # rows of the table of runs
NUMERIC = re.compile(rf"[+−]?\d|< \d|\[|{DASH}$")


def to_html(
    results: Results, tables: Mapping[str, Table], svgs: Mapping[str, str], notes: Sequence[str], limits: Sequence[str]
) -> str:
    """Write the HTML page.

    Args:
        results: The results of the study.
        tables: {name: table}, from `tables.all_tables`.
        svgs: {name: SVG text} of the figures.
        notes: Sentences on incomplete runs and mixed code.
        limits: Sentences on the limits of the study, for the footer.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ablate.analysis.report", "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    author, caption_of = results.author, captions(results)
    generated = pdf_source.generated_text(results, notes)
    numbers = {name: position for position, name in enumerate(results.labels)}
    if results.only_trials:
        tables = {name: table for name, table in tables.items() if name not in ("effects", "tests")}
    script = Markup("\n").join(Markup(_template(name)) for name in SCRIPTS)
    return environment.get_template("report.html").render(
        title=author.title or results.plan.name,
        sections=[(name, author.html(name), generated.get(name, [])) for name in author.sections],
        tables={name: _view(name, table, results, numbers) for name, table in tables.items()},
        first_tables=[name for name in tables if name in FIRST],
        further_tables=[name for name in tables if name not in FIRST],
        runs=_runs(results, numbers),
        pictures=html_trials.pictures(results.search, results.format) if results.search is not None else [],
        figures=[
            (caption_of[name], "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())
            for name, svg in svgs.items()
            if name in caption_of and name not in INTERACTIVE
        ],
        curves=curve_data(results),
        limits=limits,
        provenance=provenance(results.plan, results.runs),
        command=results.plan.command,
        style=Markup(_template("report.css")),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _template(name: str) -> str:
    return files("ablate.analysis.report").joinpath("templates", name).read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    """A value in the page, with control characters escaped. Jinja then escapes markup."""
    return printable(value) if type(value) is str else value


def _breakable(text: str) -> Markup:
    """A name that may be broken after its signs, escaped."""
    return Markup("<wbr>").join(re.split(r"(?<=[=_+.])(?=.)", printable(text)))


def _view(name: str, table: Table, results: Results, variant_numbers: Mapping[str, int]) -> dict[str, Any]:
    """A table as the template draws it: {title, note, columns, rows, omitted}.

    The main table has the difference, the interval as a picture, and the verdict with its mark next to the mean.
    """
    cells = table.cells.head(MOST_ROWS)
    verdicts: Mapping[str, Markup] = {}
    drawn = None
    if name == "effects":
        drawn = forest(results.effects, results.runs, results.format)
        verdicts = {one: mark(one) for one in results.effects["verdict"].unique()}
        variant, seeds, value, difference, *others = cells
        others.remove("Verdict")
        order = [variant, value, difference, "Verdict", seeds, *others]
        cells = cells[order]
    columns: list[dict[str, Any]] = [
        {
            "name": column,
            "explained": table.explained.get(str(column), ""),
            "numeric": place > 0 and all(NUMERIC.match(text) for text in cells.iloc[:, place]),
            "picture": None,
        }
        for place, column in enumerate(cells)
    ]
    rows: list[list[Any]] = [
        [(verdicts.get(text, ""), text) for text in row] for row in cells.itertuples(index=False, name=None)
    ]
    if drawn is not None:
        columns.insert(3, {"name": "Difference, drawn", "explained": "", "numeric": False, "picture": drawn[0]})
        for row, variant in zip(rows, table.variants, strict=False):
            row.insert(3, (drawn[1].get(variant, Markup()), ""))
    numbers: Sequence[int | None] = [variant_numbers.get(variant) for variant in table.variants[: len(rows)]] or [
        None
    ] * len(rows)
    return {
        "title": table.title,
        "note": table.note,
        "columns": columns,
        "rows": [
            (number, place in table.strong, row) for place, (number, row) in enumerate(zip(numbers, rows, strict=True))
        ],
        "omitted": len(table.cells) - len(rows),
    }


def _runs(results: Results, variant_numbers: Mapping[str, int]) -> dict[str, Any]:
    """The planned runs: {columns, rows, folders, commands, omitted}; without columns that no run has a value of."""
    runs, labels = results.every_run, collect.labels(results.every_run)
    # In a study with a block the baseline is another variant in each block.
    changes = differences(runs, results.metric) if results.blocks is None else {}
    numbers = [variant_numbers[results.compared_as(variant)] for variant in runs["variant"]]
    first = {number: place for place, number in reversed([*enumerate(numbers)])}
    rows = [
        {
            "variant": labels[run.variant],
            "number": numbers[place],
            "is_first": first[numbers[place]] == place,  # of the variant
            "cells": {
                "Seed": str(run.seed),
                "Status": run.status,
                results.format.header: results.format.value(value),
                results.format.difference_header: results.format.change(
                    changes.get((run.variant, run.seed), float("nan"))
                ),
                "Validation loss": number(run.val_loss, 4),
                "Epochs": DASH if pd.isna(run.epochs) else str(run.epochs),
                "Time (s)": number(run.seconds, 1),
            },
            "folder": run.folder,
            "link": quote(os.path.relpath(results.folder / run.folder, results.home / "report")) + "/",
            "rerun": run.rerun,
        }
        for place, (run, value) in enumerate(zip(runs.itertuples(), runs[results.metric.name], strict=True))
    ]
    columns = [name for name in rows[0]["cells"] if any(row["cells"][name] != DASH for row in rows)]
    return {
        "columns": columns,
        "rows": rows[:MOST_RUNS],
        "folders": any((results.folder / row["folder"]).is_dir() for row in rows),
        "commands": any(row["rerun"] for row in rows),
        "omitted": max(0, len(rows) - MOST_RUNS),
    }
