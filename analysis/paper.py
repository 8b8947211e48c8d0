"""The two pages to hand in: `report.typ`, its PDF, and the author's own words from `report.md`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate import record
from ablate.errors import InputError
from analysis import collect, tables

PAGES = 2
ROWS = (14, 8, 4)  # variants in the table: as many as fit on the pages
SECTIONS = ("Introduction", "Methods", "Experiments and analysis", "Conclusion")
TEMPLATE = """<!-- Your own words, for report.pdf. A section's text is put at its beginning. Never overwritten. -->
# {title}

""" + "\n\n".join(f"## {name}\n" for name in SECTIONS)
STYLE = """#set document(date: none)
#set page("a4", margin: (x: 1.8cm, y: 1.5cm), footer: text(7pt)[{footer}])
#set text(9pt)
#set par(justify: true)
#show heading: set block(above: 0.8em, below: 0.5em)
#show table: set text(7pt)
#show figure.caption: set text(8pt)
"""


def source(
    study_folder: Path, runs: pd.DataFrame, effects: pd.DataFrame, notes: Sequence[str], drawn: set[str], rows: int
) -> str:
    """The text of report.typ. `drawn` are the names of the figures there are, `rows` the variants of the table."""
    study, words = record.read_study(study_folder), author(study_folder / "report.md")
    parts = [STYLE.format(footer=_text(_footer(runs)))]
    parts.append(f'#align(center, text(14pt, weight: "bold", {_string(words.get("title") or study["name"])}))')
    body = {
        "Introduction": [_question(study)],
        "Methods": _methods(study_folder, study, runs),
        "Experiments and analysis": [*sentences(effects, runs), *notes],
        "Conclusion": [],
    }
    for name in SECTIONS:
        own = words.get(name, [])
        if not own and not body[name]:
            continue
        parts += [f"= {name}", *(_text(paragraph) for paragraph in [*own, *body[name]])]
        if name == "Experiments and analysis":
            parts += [_table(effects, runs, rows), *_figures(drawn)]
    return "\n\n".join(parts) + "\n"


def write(study_folder: Path, runs: pd.DataFrame, effects: pd.DataFrame, notes: Sequence[str]) -> None:
    """Write report.typ and report.pdf beside the figures, of at most `PAGES` pages; report.md if there is none."""
    import typst

    folder = Path(study_folder) / "report"
    if not (own := Path(study_folder) / "report.md").exists():
        record.write_text(own, TEMPLATE.format(title=record.read_study(study_folder)["name"]))
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    for rows in ROWS:
        record.write_text(folder / "report.typ", source(study_folder, runs, effects, notes, drawn, rows))
        pages = typst.compile(folder / "report.typ", format="png", ppi=10)
        if not isinstance(pages, list) or len(pages) <= PAGES:
            break
    record.write_bytes(
        folder / "report.pdf", typst.compile(folder / "report.typ", timestamp=0)
    )  # the same runs, the same bytes


def author(path: Path) -> dict[str, Any]:
    """What report.md holds: `title`, and the paragraphs of each section."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    title, *sections = re.split(r"^## +", text, flags=re.M)
    found: dict[str, Any] = {"title": title.strip().removeprefix("#").strip()}
    for section in sections:
        name, _, body = section.partition("\n")
        found[name.strip()] = [" ".join(part.split()) for part in re.split(r"\n\s*\n", body) if part.strip()]
    return found


def sentences(effects: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """What the verdicts say, a paragraph each kind."""
    labels, said = collect.labels(runs), []
    for verdict, words in {
        "better": "better than the baseline",
        "worse": "worse than the baseline",
        "equivalent": "equivalent to the baseline",
    }.items():
        rows = effects[effects["verdict"] == verdict]
        rows = rows.reindex(rows["difference_pp"].abs().sort_values(ascending=False).index)
        found = [
            f"{labels[row.variant]} ({row.difference_pp:+.1f} points, 95 % CI {row.ci_low_pp:+.1f} to"
            f" {row.ci_high_pp:+.1f}, n = {row.n}, Holm p {tables.p_value(row.p_holm)})"
            for row in rows.head(4).itertuples()
        ]
        more = f" and {len(rows) - 4} more" if len(rows) > 4 else ""
        if found:
            said.append(f"Shown to be {words}: {'; '.join(found)}{more}.".replace("-", "−"))
    for verdict in ("inconclusive", "not testable"):
        names = [labels[name] for name in effects.loc[effects["verdict"] == verdict, "variant"]]
        if names:
            more = f" and {len(names) - 8} more" if len(names) > 8 else ""
            said.append(f"{verdict.capitalize()}: {'; '.join(names[:8])}{more}.")
    return said


def _question(study: Mapping[str, Any]) -> str:
    varied = [name for name, levels in study["factors"].items() if len(levels) > 1]
    return f"This study asks what {' and '.join(varied) or 'nothing'} changes in validation accuracy."


def _methods(folder: Path, study: Mapping[str, Any], runs: pd.DataFrame) -> list[str]:
    """The design, and the baseline's configuration in words."""
    seeds = ", ".join(map(str, study["seeds"])) if len(study["seeds"]) <= 10 else f"{len(study['seeds'])} seeds"
    levels = "; ".join(f"{name}: {', '.join(values)}" for name, values in study["factors"].items())
    lost = int((runs["status"] != "completed").sum())
    said = [
        f"Design {study.get('design')}, {len(runs)} runs of {runs['variant'].nunique()} variants, seeds {seeds};"
        f" {lost} without a completed result. Factors, the baseline's level first: {levels or 'none'}."
    ]
    for run in runs[(runs["variant"] == collect.BASELINE) & (runs["status"] == "completed")].itertuples():
        try:
            config = record.read_config(folder / run.folder)
            data, trainer, optimizer = config.data, config.trainer, config.optimizer
            settings = {key: value for key, value in optimizer.items() if key != "_target_"}
            said.append(
                f"Baseline: model {config.model._target_.rpartition('.')[2]}, data {data._target_.rpartition('.')[2]}"
                f" with {data.val_fraction:g} of the training images held out for validation (split seed"
                f" {data.split_seed}); {trainer.epochs} epochs, batches of {trainer.batch_size};"
                f" {optimizer._target_.rpartition('.')[2]} with {json.dumps(settings, default=str).strip('{}')}."
            )
        except (InputError, AttributeError, ValueError, TypeError):
            continue  # an older or damaged configuration: the next seed's may be whole
        break
    said.append(
        "Runs are paired by seed; intervals and p are Student's t on the differences, p corrected by Holm over all"
        " variants; the test images were not used."
    )
    return said


def _footer(runs: pd.DataFrame) -> str:
    code = ", ".join(sorted({str(name)[:12] for name in runs["code_sha256"].dropna()})) or "unknown"
    return f"Study {runs['study'].iloc[0]}; training code {code}; all numbers are in runs.csv and effects.csv."


def _table(effects: pd.DataFrame, runs: pd.DataFrame, rows: int) -> str:
    """The main table: the baseline, and the variants that differ most."""
    order = effects["difference_pp"].abs().sort_values(ascending=False, na_position="last", kind="stable").index
    kept = effects.loc[[0, *[place for place in order if place != 0][:rows]]]
    shown = tables.display(kept.reset_index(drop=True), runs).rename(columns=SHORT)
    # A long name may be broken after these marks.
    shown["Variant"] = shown["Variant"].str.replace(r"([=_+,.])", "\\1\u200b", regex=True)
    cells = [f"[{_text(text)}]" for row in shown.itertuples(index=False) for text in row]
    head = ", ".join(f"[*{_text(name)}*]" for name in shown.columns)
    left = len(effects) - len(kept)
    caption = "Validation accuracy and differences to the baseline." + (
        f" {left} more variants are in effects.csv." if left else ""
    )
    columns = ", ".join(["1fr", *["auto"] * (len(shown.columns) - 1)])
    return (
        f"#figure(table(columns: ({columns}), stroke: none, inset: 3pt, align: left, table.hline(),"
        f" table.header({head}), table.hline(stroke: 0.5pt), {', '.join(cells)}, table.hline()),"
        f" caption: {_string(caption)}, kind: table)"
    )


SHORT = {
    "n (seeds)": "n",
    "Validation accuracy (%), mean ± SD": "Accuracy (%), mean ± SD",
    "Parameters": "Params",
    "Time (s), median": "Time (s)",
    "Not completed (runs)": "Not completed",
}
FIGURES = {
    "effects": ("Difference of each variant to the baseline.", 5.0),
    "loss_curves": ("Losses; dashed: training, solid: validation.", 8.0),
    "interactions": ("Two-way interactions.", 4.5),
    "variance_shares": ("Shares of the variance.", 4.5),
    "cost": ("Cost and accuracy.", 4.5),
}


def _figures(drawn: set[str]) -> list[str]:
    """The wide figures each in a row of its own, the narrow ones side by side; heights in cm that fit two pages."""
    found = {
        name: f'figure(image("figures/{name}.svg", height: {height}cm, width: 100%, fit: "contain"),'
        f" caption: {_string(caption)})"
        for name, (caption, height) in FIGURES.items()
        if name in drawn
    }
    wide = [f"#{found[name]}" for name in ("effects", "loss_curves") if name in found]
    narrow = [found[name] for name in ("interactions", "variance_shares", "cost") if name in found]
    return [*wide, f"#grid(columns: {len(narrow)}, gutter: 8pt, {', '.join(narrow)})"] if narrow else wide


def _string(text: str) -> str:
    """A typst string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(text: str) -> str:
    """Text as typst content in which nothing is markup."""
    return f"#{_string(text)}"
