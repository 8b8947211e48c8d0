"""`ablate report STUDY`: collect, compare, draw, and write it all to `<study>/report/`. Nothing else here writes."""

import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from ablate.analysis import collect, figures, tables
from ablate.analysis.effects import COLUMNS
from ablate.analysis.formats import to_latex, to_markdown
from ablate.analysis.report import html, macros, pdf, sentences
from ablate.analysis.results import Results, analyse
from ablate.files import atomic
from ablate.terminal.progress import track

WORDS = ("Variant", "Lost or at chance (runs)", "Error", "Folder")  # columns that a narrow terminal may break
# Columns that a narrow one does without; the files have them.
ASIDE = [
    "p (Holm)",
    "Equivalence [90 % CI]",
    "g_z",
    "Wins",
    "Parameters",
    "Time (s), median",
    "Lost or at chance (runs)",
]
NARROW = 120  # characters
LISTED = 20  # rows of a table on the terminal; the files have all


def report(study_folder: Path, allow_partial: bool = False) -> int:
    """Write the report of a study, print its main table, and return the exit status of `ablate report`.

    1 if planned runs are incomplete and `allow_partial` is not given, else 0. The report is written in either case.
    The same runs give the same files, byte for byte. InputError if `study_folder` is not a study.
    """
    results = analyse(study_folder)
    notes = sentences.notes(results)
    limits = [*sentences.limits(results), sentences.tested(results.usage)]
    made = tables.every(results)

    folder = results.folder / "report"
    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        _forget(folder / part)
    _write_csv(folder / "runs.csv", results.runs)
    _write_csv(folder / "effects.csv", results.effects[COLUMNS])
    atomic.write_text(folder / "numbers.tex", macros.to_tex(results))
    for name, table in made.items():
        _write_table(
            folder / "tables" / name,
            table,
            [f"Note: {note}" for note in [*notes, *limits]] if name == "effects" else [],
        )
    drawn = _write_figures(folder / "figures", figures.every(results))
    told = _write_paper(results, notes, limits)
    atomic.write_text(folder / "report.html", html.to_html(results, made, drawn, notes, limits))

    incomplete = int(results.runs["status"].isin(collect.HOLES).sum())
    if incomplete:
        told.append(
            f"{incomplete} of {len(results.runs)} planned runs are incomplete. Run the study again to fill the holes."
        )
    _print(results.plan["name"], made, [*notes, *limits, *told], folder)
    return 1 if incomplete and not allow_partial else 0


def _forget(folder: Path) -> None:
    """Delete what an earlier report wrote here, which may have had what this one has not; leave what others did."""
    ours = {*tables.NAMES, *figures.CAPTIONS}
    for path in folder.iterdir():
        stem, _, number = path.stem.rpartition("_")
        if path.stem in ours or (number.isdigit() and stem in ours):
            path.unlink()


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    atomic.write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def _write_table(stem: Path, table: tables.Table, notes: Sequence[str]) -> None:
    """A table as CSV, as Markdown with its notes, and as LaTeX."""
    _write_csv(stem.with_suffix(".csv"), table.cells)
    said = "\n\n".join(text for text in [table.note, *notes] if text)
    atomic.write_text(stem.with_suffix(".md"), to_markdown(table.cells, table.strong) + (f"\n{said}\n" if said else ""))
    atomic.write_text(stem.with_suffix(".tex"), to_latex(table.cells, table.strong))


def _write_figures(folder: Path, drawing: dict[str, Callable[[], Figure]]) -> dict[str, str]:
    """The figures, on all cores, for they take most of a report's time; returns the SVG's text by name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    # A forked process has the frames that its figures are drawn from without a copy.
    with ProcessPoolExecutor(cores, get_context("fork"), _todo.update, (drawing,)) as pool:
        drawn = pool.map(_write_figure, (folder / name for name in drawing))
        return dict(zip(drawing, track(drawn, "Drawing figures", len(drawing)), strict=True))


_todo: dict[str, Callable[[], Figure]] = {}  # in a process that draws, what draws each figure


def _write_figure(stem: Path) -> str:
    """A figure as PDF, SVG and PNG, without the time of day in it; returns the SVG's text."""
    files = figures.rendered(_todo[stem.name]())
    for suffix, content in files.items():
        atomic.write_bytes(stem.with_suffix(f".{suffix}"), content)
    return files["svg"].decode()


def _write_paper(results: Results, notes: Sequence[str], limits: Sequence[str]) -> list[str]:
    """Write report.typ and report.pdf beside the figures, and report.md if there is none; returns what to tell.

    Of at most `paper.PAGES` pages, unless the author's own words alone need more.
    """
    import typst

    source = results.folder / "report" / "report.typ"
    if not (own := results.folder / "report.md").exists():
        atomic.write_text(own, pdf.TEMPLATE.format(title=results.plan["name"]))
    body = pdf.bodies(results, notes)
    there = {path.stem for path in (source.parent / "figures").glob("*.svg")}
    for rows, drawn in pdf.SIZES:
        atomic.write_text(source, pdf.source(results, body, limits, there.intersection(drawn), rows))
        pages = typst.compile(source, format="png", ppi=10)
        if fits := not isinstance(pages, list) or len(pages) <= pdf.PAGES:
            break
    # The same runs, the same bytes.
    atomic.write_bytes(source.with_suffix(".pdf"), typst.compile(source, timestamp=0))
    return [] if fits else [f"report.pdf has {len(pages)} pages, not {pdf.PAGES}: the text of {own} is too long."]


def _print(study: str, made: dict[str, tables.Table], notes: Sequence[str], folder: Path) -> None:
    """The main table, the runs that are not completed, the notes and where the files are."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ± is no reason to fail
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal
    narrow = console.is_terminal and console.width < NARROW
    shown = made["effects"].cells
    _print_table(console, shown.drop(columns=ASIDE, errors="ignore") if narrow else shown, f"Study {study}")
    if "failures" in made:
        lost = made["failures"].cells
        _print_table(console, lost.head(LISTED), "Not completed")
        if len(lost) > LISTED:
            console.print(Text(f"... and {len(lost) - LISTED} more, in {folder / 'tables' / 'failures.md'}"))
    for note in notes:
        console.print(Text(f"Note: {note}"))
    console.print(Text(f"Report: {folder}"), soft_wrap=True)  # a path is there to be copied


def _print_table(console: Console, table: pd.DataFrame, title: str) -> None:
    """A table with a frame on a terminal, as Markdown in a file or a pipe."""
    if not console.is_terminal:
        console.print(Text(f"{title}\n\n{to_markdown(table)}"))
        return
    drawn = Drawn(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in table:
        header = textwrap.fill(name, max(13, *table[name].map(len)))
        drawn.add_column(Text(header), no_wrap=name not in WORDS, overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*map(Text, row))
    console.print(drawn)
