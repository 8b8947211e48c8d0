"""Frames -> matplotlib figures for a page of 7 inches, readable in grey. None is written here, none is global.

`loss_curves` (curves.py), the forest plot `effects` (forest.py), `interactions` and `variance_shares` (factors.py),
`cost` (cost.py), `class_difference` and `confusion` (classes.py), `samples` (samples.py); of a tested run `calibration`
and `mistakes` (tested.py); colours and sizes in style.py, which also makes a figure a file. `every` says which of them
a study has.
"""

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure

from ablate.analysis import collect
from ablate.analysis.effects import most_different
from ablate.analysis.figures.calibration import calibration, mistakes
from ablate.analysis.figures.classes import class_difference, confusion
from ablate.analysis.figures.cost import cost
from ablate.analysis.figures.factors import interactions, variance_shares
from ablate.analysis.figures.forest import effects
from ablate.analysis.figures.images import samples
from ablate.analysis.figures.learning_curves import PANELS, loss_curves, pages
from ablate.analysis.figures.style import STYLE, rendered
from ablate.analysis.results import Results

__all__ = ["CAPTIONS", "STYLE", "calibration", "class_difference", "confusion", "cost", "effects", "every",
           "interactions", "loss_curves", "mistakes", "pages", "rendered", "samples", "variance_shares"]  # fmt: skip

DRAWN = 4 * PANELS  # variants with a panel of loss curves; of more, those that differ most
CAPTIONS = {
    "effects": "Difference of each variant to the baseline, over the seeds.",
    "loss_curves": "Losses; dashed: training, solid: validation.",
    "interactions": "Interactions: the effect of two changes together, less the sum of their separate effects.",
    "variance_shares": "Shares of the sum of squares, with 95 % bootstrap intervals over seeds (from five seeds).",
    "cost": "Accuracy, with its 95 % interval, and what it costs in time.",
    "class_difference": "Accuracy class by class of the variant with the highest mean, less the baseline's.",
    "confusion": "Which class is taken for which, in per cent of its images.",
    "samples": "Training images as the network sees them.",
}


def every(results: Results) -> dict[str, Callable[[], Figure]]:
    """What draws each figure the study has, by the name of its file: one of `CAPTIONS`, or that with a page number."""
    runs, labels, chosen = results.runs, results.labels, results.chosen
    found: dict[str, Callable[[], Figure]] = {}
    found["effects"] = partial(effects, results.effects, runs, margin=results.margin)
    order = most_different(results.effects, DRAWN)
    kept = runs[runs["variant"].isin(order)]
    if len(order) > PANELS:  # those that differ most are on the first page
        kept = kept.set_index("variant", drop=False).loc[order].reset_index(drop=True)
    curves = results.curves[results.curves["variant"].isin(kept["variant"])]
    for page in range(pages(kept)):
        found[f"loss_curves_{page + 1}" if page else "loss_curves"] = partial(loss_curves, curves, kept, page)
    if results.contrasts is not None and results.shares is not None:
        if (results.contrasts["kind"] == "interaction").any():
            found["interactions"] = partial(interactions, results.contrasts, collect.varied(runs))
        found["variance_shares"] = partial(variance_shares, results.shares)
    if runs["variant"].nunique() > 1:
        found["cost"] = partial(cost, runs)
    if results.classes is not None and results.predicted is not None:
        if chosen is not None and chosen != collect.BASELINE and chosen in results.classes.index:
            found["class_difference"] = partial(class_difference, results.classes, chosen, labels[chosen])
        names = dict.fromkeys(name for name in (collect.BASELINE, chosen) if name is not None)
        compared = [name for name in names if name in results.classes.index]
        shares = {labels[name]: results.predicted.confusion(name) for name in compared}
        found["confusion"] = partial(confusion, results.predicted.classes, shares)
    if results.samples:
        found["samples"] = partial(samples, {labels[name]: images for name, images in results.samples.items()})
    return found
