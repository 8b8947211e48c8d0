"""report.html: the whole report in one file that needs no network, its tables to be sorted and its curves explored."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd

from ablate.analysis.effects import most_different
from ablate.analysis.figures import CAPTIONS
from ablate.analysis.figures.style import BLUE, GREEN, GREY, ORANGE, VERMILLION
from ablate.analysis.formats import DASH, number
from ablate.analysis.report import pdf, sentences
from ablate.analysis.results import Results
from ablate.analysis.tables import Table

COLOURS = (GREY, BLUE, ORANGE, GREEN, VERMILLION, "#CC79A7", "#56B4E9", "#000000")  # the first is the baseline's
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
DRAWN = 40  # variants whose curves can be shown
SHOWN = 6  # of them at first
HOVER = "%{fullData.name}<br>epoch %{x}: %{y:.4f}<extra></extra>"
STATIC = ("loss_curves",)  # figures that the page has in a form to be explored


def to_html(
    results: Results, made: Mapping[str, Table], drawn: Mapping[str, str], notes: Sequence[str], limits: Sequence[str]
) -> str:
    """The page's text. `made` are the tables, `drawn` the figures as SVG, both by name."""
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ablate.analysis.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = pdf.author(results.folder / "report.md")
    bodies = pdf.bodies(results, notes)
    place = {name: position for position, name in enumerate(results.labels)}
    return environment.get_template("report.html").render(
        title=words.get("title") or results.plan.name,
        sections={name: [*words.get(name, []), *bodies[name]] for name in pdf.SECTIONS},
        tables=made,
        place=place,
        runs=_runs(results, place),
        figures=[
            (CAPTIONS[name], "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())
            for name, svg in drawn.items()
            if name in CAPTIONS and name not in STATIC
        ],
        curves=_curves(results),
        limits=limits,
        provenance=sentences.provenance(results.plan, results.runs),
        command=results.plan.command,
        plotly=get_plotlyjs(),
    )


def _runs(results: Results, place: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row a planned run: what it is, how it ended, where it lies, and the command that trains it again."""
    return [
        {
            "variant": results.labels[run.variant],
            "place": place[run.variant],
            "seed": run.seed,
            "status": run.status,
            "accuracy": number(100 * run.val_accuracy),
            "loss": number(run.val_loss, 4),
            "epochs": DASH if pd.isna(run.epochs) else run.epochs,
            "seconds": number(run.seconds, 1),
            "folder": run.folder,
            "link": "../" + quote(run.folder) + "/",
            "rerun": run.rerun or DASH,
        }
        for run in results.runs.itertuples()
    ]


def _curves(results: Results) -> dict[str, Any]:
    """For plotly: {variants: [label], traces: [...]}; of each variant its mean losses, and its seeds as thin lines."""
    drawn = most_different(results.effects, DRAWN)
    completed = results.curves[results.curves["status"] == "completed"]
    traces = []
    for position, variant in enumerate(drawn):
        own, label = completed[completed["variant"] == variant], results.labels[variant]
        for loss, dash in (("val_loss", "solid"), ("train_loss", "dash")):
            by_seed = own.pivot(index="epoch", columns="seed", values=loss)
            mean = by_seed.dropna().mean(axis=1)
            style = {"color": COLOURS[position % len(COLOURS)], "dash": dash}
            kind = "validation" if loss == "val_loss" else "training"
            shared = {"legendgroup": str(position), "visible": position < SHOWN, "hovertemplate": HOVER}
            shared |= {"meta": position, "mode": "lines"}
            marker = {"symbol": MARKERS[position % len(MARKERS)], "size": 6}
            traces.append(
                shared | {"x": _plain(mean.index), "y": _plain(mean), "name": f"{label}, {kind}",
                          "mode": "lines+markers", "line": style | {"width": 2}, "marker": marker,
                          "showlegend": True}
            )  # fmt: skip
            for seed, run in by_seed.items():
                thin = {"name": f"{label}, seed {seed}, {kind}", "opacity": 0.4, "showlegend": False}
                values = {"x": _plain(run.index), "y": _plain(run), "line": style | {"width": 0.8}}
                traces.append(shared | thin | values)
    return {
        "variants": [results.labels[name] for name in drawn],
        "shown": SHOWN,
        "traces": traces,
    }


def _plain(values: pd.Series | pd.Index) -> list[float | None]:
    """Numbers as JSON has them: what is not finite is null."""
    return [float(value) if np.isfinite(value) else None for value in values]
