"""`ablate report STUDY`: collect, compare, draw, and write it all to `<study>/report/`. Nothing else here writes."""

import argparse
import io
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ablate import record
from analysis import collect, figures, paper, predictions, stats, tables
from analysis.effects import COLUMNS, METRIC
from analysis.effects import effects as compare

WORDS = ("Variant", "Not completed (runs)", "Error", "Folder")  # columns that a narrow terminal may break
# Columns that a narrow one does without; the files have them.
ASIDE = ["p (Holm)", "g_z", "Wins", "Parameters", "Time (s), median", "Not completed (runs)"]
NARROW = 120  # characters
MADE = {"failures", "loss_curves", "cost", "contrasts", "anova", "interactions", "variance_shares", "classes",
        "images",
        "class_difference", "confusion"}  # fmt: skip
MOST_FACTORS = 6  # of more, the interactions are too many to read
LISTED = 20  # failures on the terminal; the files have all


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate report",
        description="Tables and figures of a study, written to STUDY/report/.",
        epilog="Exit status: 0, 1 if planned runs are incomplete, 2 if STUDY cannot be used. --debug adds a traceback.",
    )
    parser.add_argument(
        "study", type=Path, metavar="STUDY", help="folder of a study, such as outputs/NAME, or its NAME"
    )
    parser.add_argument("--allow-partial", action="store_true", help="exit with 0 though planned runs are incomplete")
    given = parser.parse_args(words)
    return report(record.find_study(given.study), given.allow_partial)


def report(study_folder: Path, allow_partial: bool = False) -> int:
    """Write the report of a study, print its main table, and return the exit status of `ablate report`.

    1 if planned runs are incomplete and `allow_partial` is not given, else 0. The report is written in either case.
    The same runs give the same files, byte for byte. InputError if `study_folder` is not a study.
    """
    runs = collect.collect(study_folder)
    curves = collect.curves(study_folder, runs)
    margin, predicted = collect.margin(study_folder), predictions.load(study_folder, runs)
    effects = compare(runs, margin=margin, chance=1 / len(predicted.classes) if predicted else None)
    shown, lost = tables.display(effects, runs), tables.failures(runs)
    notes = [*tables.notes(runs, curves), *tables.limits(effects)]

    folder = Path(study_folder) / "report"
    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    _write_csv(folder / "runs.csv", runs)
    _write_csv(folder / "effects.csv", effects[COLUMNS])
    _write_table(folder / "tables" / "effects", shown, notes)
    for old in [*(folder / "tables").iterdir(), *(folder / "figures").iterdir()]:
        if old.name.partition(".")[0].rstrip("_0123456789") in MADE and old.stem != "effects":
            old.unlink()  # an earlier report may have had what this one has not
    if len(lost):
        _write_table(folder / "tables" / "failures", lost)
    for page in range(figures.pages(runs)):
        name = f"loss_curves_{page + 1}" if page else "loss_curves"
        _write_figure(folder / "figures" / name, figures.loss_curves(curves, runs, page))
    _write_figure(folder / "figures" / "effects", figures.effects(effects, runs, margin=margin))
    _factors(folder, runs)
    _classes(folder, effects, runs, predicted)
    if runs["variant"].nunique() > 1:
        _write_figure(folder / "figures" / "cost", figures.cost(runs))

    paper.write(Path(study_folder), runs, effects, notes)
    incomplete = int(runs["status"].isin(collect.HOLES).sum())
    if incomplete:
        notes = [
            *notes,
            f"{incomplete} of {len(runs)} planned runs are incomplete. Run the study again to fill the holes.",
        ]
    _print(runs["study"].iloc[0], shown, lost, notes, folder)
    return 1 if incomplete and not allow_partial else 0


def _factors(folder: Path, runs: pd.DataFrame) -> None:
    """Main effects, interactions and the analysis of variance, where a study has two factors or more."""
    factors = [name for name in collect.factors(runs) if runs[name].nunique() > 1]
    if not 2 <= len(factors) <= MOST_FACTORS:
        return
    frame = runs.assign(**{METRIC: runs[METRIC].where(runs["status"] == "completed")})
    contrasts = stats.contrasts(frame, factors, METRIC)
    # Two families: main effects, and interactions.
    contrasts["p_holm"] = contrasts.groupby("kind", sort=False)["p"].transform(lambda p: stats.holm(p))
    anova = stats.anova(frame, METRIC, factors, block="seed")
    _write_table(folder / "tables" / "contrasts", tables.contrasts(contrasts))
    _write_table(folder / "tables" / "anova", tables.anova(anova), [tables.ANOVA_NOTE])
    _write_figure(folder / "figures" / "interactions", figures.interactions(contrasts, factors))
    _write_figure(folder / "figures" / "variance_shares", figures.variance_shares(anova))


def _classes(
    folder: Path, effects: pd.DataFrame, runs: pd.DataFrame, predicted: predictions.Predictions | None
) -> None:
    """By class and by image; the confusion matrices are the baseline's and those of the variant of the highest mean."""
    if predicted is None or not predicted.correct(collect.BASELINE):
        return
    labels = collect.labels(runs)
    table = predictions.class_differences(predicted, [name for name in labels if name != collect.BASELINE])
    _write_table(folder / "tables" / "classes", tables.classes(table, labels))
    compared = effects[effects["variant"].isin(table.index[1:])].dropna(subset="difference_pp")
    over_images = {name: predictions.crossed(predicted, name) for name in compared["variant"]}
    if any(over_images.values()):
        _write_table(folder / "tables" / "images", tables.images(compared, over_images, labels), [tables.IMAGES_NOTE])
    chosen = compared.loc[compared["mean"].idxmax(), "variant"] if len(compared) else None
    if chosen:
        figure = figures.class_difference(table, chosen, labels[chosen])
        _write_figure(folder / "figures" / "class_difference", figure)
    shown = [collect.BASELINE, *([chosen] if chosen else [])]
    figure = figures.confusion(predicted, {name: labels[name] for name in shown})
    _write_figure(folder / "figures" / "confusion", figure)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """A frame with its numbers in full; what is not known is empty."""
    record.write_text(path, table.to_csv(index=False, lineterminator="\n"))


def _write_table(stem: Path, table: pd.DataFrame, notes: Sequence[str] = ()) -> None:
    """A table of text as CSV, Markdown (with the notes below it) and LaTeX."""
    _write_csv(stem.with_suffix(".csv"), table)
    record.write_text(
        stem.with_suffix(".md"), tables.to_markdown(table) + "".join(f"\nNote: {note}\n" for note in notes)
    )
    record.write_text(stem.with_suffix(".tex"), tables.to_latex(table))


def _write_figure(stem: Path, figure: Figure) -> None:
    """A figure as PDF, SVG and PNG, without the time of day in it."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, not once for each format
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": None}
    for suffix, metadata in undated.items():
        content = io.BytesIO()
        with matplotlib.rc_context(figures.STYLE):
            figure.savefig(content, format=suffix, dpi=200, metadata=metadata)
        record.write_bytes(stem.with_suffix(f".{suffix}"), content.getvalue())


def _print(study: str, shown: pd.DataFrame, lost: pd.DataFrame, notes: Sequence[str], folder: Path) -> None:
    """The main table, the runs that are not completed, the notes and where the files are."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ± is no reason to fail
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal
    narrow = console.is_terminal and console.width < NARROW
    _print_table(console, shown.drop(columns=ASIDE, errors="ignore") if narrow else shown, f"Study {study}")
    if len(lost):
        _print_table(console, lost.head(LISTED), "Not completed")
    if len(lost) > LISTED:
        console.print(Text(f"... and {len(lost) - LISTED} more, in {folder / 'tables' / 'failures.md'}"))
    for note in notes:
        console.print(Text(f"Note: {note}"))
    console.print(Text(f"Report: {folder}"), soft_wrap=True)  # a path is there to be copied


def _print_table(console: Console, table: pd.DataFrame, title: str) -> None:
    """A table with a frame on a terminal, as Markdown in a file or a pipe."""
    if not console.is_terminal:
        console.print(Text(f"{title}\n\n{tables.to_markdown(table)}"))
        return
    drawn = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in table:
        header = textwrap.fill(name, max(13, *table[name].map(len)))
        drawn.add_column(Text(header), no_wrap=name not in WORDS, overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*map(Text, row))
    console.print(drawn)
