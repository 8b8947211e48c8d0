"""The interactive report: one self-contained HTML file with sortable tables and zoomable loss curves."""

import base64
import html as markup
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd

from ablate.analysis.effects import most_different
from ablate.analysis.figures import CAPTIONS
from ablate.analysis.figures.learning_curves import comparable
from ablate.analysis.figures.style import BLUE, GRAY, GREEN, ORANGE, VERMILLION
from ablate.analysis.formats import DASH, number
from ablate.analysis.report import pdf
from ablate.analysis.report.limits import provenance
from ablate.analysis.results import Results
from ablate.analysis.tables import Table
from ablate.terminal.text import printable

COLORS = (GRAY, BLUE, ORANGE, GREEN, VERMILLION, "#CC79A7", "#56B4E9", "#000000")  # the first is for the baseline
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
MAX_CURVES = 40  # variants with loss curves; of more, those that differ most
SHOWN = 6  # of them visible when the page opens
HOVER = "%{fullData.name}<br>epoch %{x}: %{y:.4f}<extra></extra>"
INTERACTIVE = ("loss_curves",)  # figures that the page replaces by interactive ones


def to_html(
    results: Results, tables: Mapping[str, Table], svgs: Mapping[str, str], notes: Sequence[str], limits: Sequence[str]
) -> str:
    """Write the HTML page.

    Args:
        results: The results of the study.
        tables: {name: table}, from `tables.every`.
        svgs: {name: SVG text} of the figures.
        notes: Sentences on incomplete runs and mixed code.
        limits: Sentences on the limits of the study, for the footer.
    """
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ablate.analysis.report", "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    author = results.author
    generated = pdf.generated_text(results, notes)
    numbers = {name: position for position, name in enumerate(results.labels)}
    return environment.get_template("report.html").render(
        title=author.title or results.plan.name,
        sections=[(name, author.html(name), generated.get(name, [])) for name in author.sections],
        tables=tables,
        variant_numbers=numbers,
        runs=_runs(results, numbers),
        figures=[
            (CAPTIONS[name], "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())
            for name, svg in svgs.items()
            if name in CAPTIONS and name not in INTERACTIVE
        ],
        curves=_curves(results) if "loss_curves" in svgs else None,
        limits=limits,
        metric=results.format.header,
        provenance=provenance(results.plan, results.runs),
        command=results.plan.command,
        plotly=get_plotlyjs(),
    )


def _shown(value: Any) -> Any:
    """A value in the page, with control characters escaped. Jinja then escapes markup."""
    return printable(value) if type(value) is str else value


def _plotly_text(text: str) -> str:
    """Escape a text for Plotly, which interprets tags, such as links, and entities."""
    return markup.escape(printable(text), quote=False)


def _runs(results: Results, variant_numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """One row per planned run: variant, seed, status, results, folder, and the command that retrains it."""
    return [
        {
            "variant": results.labels[run.variant],
            "variant_number": variant_numbers[run.variant],
            "seed": run.seed,
            "status": run.status,
            "value": results.format.value(value),
            "loss": number(run.val_loss, 4),
            "epochs": DASH if pd.isna(run.epochs) else run.epochs,
            "seconds": number(run.seconds, 1),
            "folder": run.folder,
            "link": quote(os.path.relpath(results.folder / run.folder, results.home / "report")) + "/",
            "rerun": run.rerun or DASH,
        }
        for run, value in zip(results.runs.itertuples(), results.runs[results.metric.name], strict=True)
    ]


def _curves(results: Results) -> dict[str, Any]:
    """The loss curves for Plotly: {variants: [label], shown: number, traces: [trace]}."""
    variants = most_different(results.effects, MAX_CURVES)
    curves = comparable(results.curves)
    completed = curves[curves["status"] == "completed"]
    traces = []
    for position, variant in enumerate(variants):
        rows = completed[completed["variant"] == variant]
        traces += _traces(rows, position, results.labels[variant])
    return {
        "variants": [results.labels[name] for name in variants],
        "shown": SHOWN,
        "traces": traces,
    }


def _traces(curves: pd.DataFrame, position: int, label: str) -> list[dict[str, Any]]:
    """The traces of a variant: for each loss the mean over seeds and, as thin lines, the seeds.

    Args:
        curves: The epochs of its completed runs.
        position: Its position among the variants, which determines its color.
        label: Its name in the legend.
    """
    traces, label = [], _plotly_text(label)
    for loss, kind, dash in (("val_loss", "validation", "solid"), ("train_cross_entropy", "training", "dash")):
        by_seed = curves.pivot(index="epoch", columns="seed", values=loss)
        mean = by_seed.dropna().mean(axis=1)
        style = {"color": COLORS[position % len(COLORS)], "dash": dash}
        shared = {"legendgroup": str(position), "visible": position < SHOWN, "hovertemplate": HOVER}
        shared |= {"meta": position, "mode": "lines"}
        marker = {"symbol": MARKERS[position % len(MARKERS)], "size": 6}
        traces.append(
            shared | {"x": _json_numbers(mean.index), "y": _json_numbers(mean), "name": f"{label}, {kind}",
                      "mode": "lines+markers", "line": style | {"width": 2}, "marker": marker,
                      "showlegend": True}
        )  # fmt: skip
        for seed, run in by_seed.items():
            thin = {"name": f"{label}, seed {seed}, {kind}", "opacity": 0.4, "showlegend": False}
            values = {"x": _json_numbers(run.index), "y": _json_numbers(run), "line": style | {"width": 0.8}}
            traces.append(shared | thin | values)
    return traces


def _json_numbers(values: pd.Series | pd.Index) -> list[float | None]:
    """Convert to numbers that JSON can hold: null for NaN and infinity."""
    return [float(value) if np.isfinite(value) else None for value in values]
