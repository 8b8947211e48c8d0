"""Write the report of a study to `<study>/report/`: `ablate report STUDY`."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis import collect, excluded_seeds, figures, left_out, tables
from ablate.analysis.analyze import analyze
from ablate.analysis.author import text as author_text
from ablate.analysis.author.settings import check_figures
from ablate.analysis.effects import COLUMNS, planned_comparisons
from ablate.analysis.figures import author_style
from ablate.analysis.formats import markdown_text, to_csv, to_markdown
from ablate.analysis.latex_table import to_latex
from ablate.analysis.report import html, macros, stage_sentences, terminal, tuning_sentences
from ablate.analysis.report.limits import limits as limits_of
from ablate.analysis.report.limits import looked, tested
from ablate.analysis.report.notes import notes as notes_of
from ablate.analysis.report.pdf import write_pdf
from ablate.analysis.results import Results
from ablate.backend import processes
from ablate.backend.cpu_count import cpu_cores
from ablate.files import atomic
from ablate.runs import looks
from ablate.runs.looks import Look
from ablate.runs.statuses import NOT_COMPARABLE, RESULTS
from ablate.terminal.progress import track
from ablate.terminal.text import by_number, plural


def report(study_folder: Path, allow_partial: bool = False) -> int:
    """Write the report of a study and print its main table.

    The report is written also if runs are incomplete, and is recorded as a look at the results. The same runs give the
    same files, byte for byte.

    Args:
        study_folder: The study.
        allow_partial: Return 0 also if planned runs are incomplete.

    Returns:
        The exit status of `ablate report`: 1 if planned runs are incomplete, else 0.

    Raises:
        InputError: `study_folder` is not a study.
    """
    return write_report(analyze(study_folder), allow_partial)


def write_report(results: Results, allow_partial: bool = False) -> int:
    """Write the report of results that were read already; see `report`."""
    settings, author = results.author.settings, results.home / author_text.FILE
    check_figures(settings, figures.NAMES, author)
    style = author_style.checked(author_style.read_file(results.home), results.home / author_style.FILE)
    style |= author_style.checked(settings.style, author)
    looks_text = [*tuning_sentences.tuning(results), *stage_sentences.looked(results)]
    if results.is_recorded:
        unplanned = _looks(results)
        looks_text += unplanned if results.looks is None else []
    notes = [*excluded_seeds.sentences(results.excluded), *results.assumptions, *looks_text, *notes_of(results)]
    limits = [
        *limits_of(results),
        *([tested(results.usage, results.metric)] if results.is_recorded and not results.plan.app else []),
    ]
    report_tables = tables.all_tables(results)

    folder = results.home / "report"
    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        _delete_earlier(folder / part)
    _write_csv(folder / "runs.csv", results.every_run)
    _write_csv(folder / "effects.csv", results.effects[COLUMNS])
    if results.blocks is not None:
        _write_csv(folder / "blocks.csv", tables.blocks.long(results.blocks))
    if results.other_tests is not None:
        _write_csv(folder / "test_on.csv", results.other_tests)
    atomic.write_text(folder / "numbers.tex", macros.to_tex(results))
    for name, table in report_tables.items():
        footnotes = [f"Note: {note}" for note in [*notes, *limits]] if name == "effects" else []
        _write_table(folder / "tables" / name, table, footnotes)
    with author_style.applied(style):
        svgs = _write_figures(folder / "figures", figures.all_figures(results))
    warnings = [*results.author.warnings, *write_pdf(results, notes, limits)]
    atomic.write_text(folder / "report.html", html.to_html(results, report_tables, svgs, notes, limits))

    runs = results.every_run
    holes = runs["status"].isin(collect.HOLES)
    warnings += left_out.sentences(runs)
    incomplete = int((holes & ~runs["status"].isin(NOT_COMPARABLE)).sum())
    if incomplete:
        text = f"{incomplete} of {plural(len(runs), 'planned run')} {by_number(incomplete, 'is', 'are')} incomplete."
        if results.is_recorded:
            text += f" Run the command of the study again to complete {by_number(incomplete, 'it', 'them')}."
        warnings.append(text)
    main = "trials" if results.only_trials else "effects"
    terminal.show(results.plan.name, report_tables, main, [*notes, *limits, *warnings], folder)
    return 1 if holes.any() and not allow_partial else 0


def _looks(results: Results) -> list[str]:
    """Record this report as a look; sentences on it and on earlier ones."""
    seen, replaced = record_look(results)
    return [
        *looked([look for look in seen if not look.excluded], replaced, planned_comparisons(results.runs)),
        *excluded_seeds.earlier(seen, results.excluded),
    ]


def record_look(results: Results) -> tuple[list[Look], int]:
    """Record that a report was made of these results.

    Returns:
        The looks at the results up to this one, and the number of looks at runs that were replaced since.
    """
    configurations = {run.folder: run.config_sha256 for run in results.plan.runs}
    runs = results.every_run
    ended = runs[runs["status"].isin(RESULTS)]
    metric = results.planned_metric or results.metric.name  # the same run whichever metric is reported
    planned = ended["folder"].map(results.planned_variants) if results.planned_variants else ended["variant"]
    shown = ended[["variant", "seed", "status", metric]].assign(
        variant=planned, config=ended["folder"].map(configurations)
    )
    compared = results.effects.loc[results.effects["variant"] != collect.BASELINE, "n"]
    results.home.mkdir(parents=True, exist_ok=True)
    return looks.record(
        results.home,
        results=list(shown.itertuples(index=False, name=None)),
        planned=len(runs),
        seeds=int(compared.max()) if len(compared) else 0,
        excluded=results.excluded,
    )


def _delete_earlier(folder: Path) -> None:
    """Delete the tables or figures of an earlier report, some of which this one may lack. Keep all other files."""
    names = {*tables.NAMES, *figures.NAMES}
    for path in folder.iterdir():
        stem, _, page = path.stem.rpartition("_")
        if path.stem in names or (page.isdigit() and stem in names):
            path.unlink()


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    atomic.write_text(path, to_csv(frame))


def _write_table(stem: Path, table: tables.Table, notes: Sequence[str]) -> None:
    """Write a table as CSV, as Markdown with its notes, and as LaTeX."""
    _write_csv(stem.with_suffix(".csv"), table.cells)
    footnotes = "\n\n".join(markdown_text(text) for text in [table.note, *notes] if text)
    markdown = to_markdown(table.cells, table.strong) + (f"\n{footnotes}\n" if footnotes else "")
    atomic.write_text(stem.with_suffix(".md"), markdown)
    atomic.write_text(stem.with_suffix(".tex"), to_latex(table.cells, table.strong, table.note))


def _write_figures(folder: Path, drawing: dict[str, Callable[[], Figure]]) -> dict[str, str]:
    """Draw and write the figures on all cores, as they take most of the time.

    Returns:
        {name: SVG text}.
    """
    # A forked process shares the frames with its parent, so that they need not be copied.
    functions: dict[str, Callable[[], Figure]] = {name: processes.ByValue(draw) for name, draw in drawing.items()}
    workers = max(1, min(cpu_cores(), len(drawing)))
    with ProcessPoolExecutor(workers, processes.context(), _receive, (functions,)) as pool:
        svgs = pool.map(_write_figure, (folder / name for name in drawing))
        return dict(zip(drawing, track(svgs, "Drawing figures", len(drawing)), strict=True))


_drawing: dict[str, Callable[[], Figure]] = {}  # in a worker process: the function that draws each figure


def _receive(drawing: dict[str, Callable[[], Figure]]) -> None:
    _drawing.update(drawing)


def _write_figure(stem: Path) -> str:
    """Write a figure as PDF, SVG and PNG, and return the SVG text."""
    files = figures.render(_drawing[stem.name]())
    for suffix, content in files.items():
        atomic.write_bytes(stem.with_suffix(f".{suffix}"), content)
    return files["svg"].decode()
