"""Draw matplotlib figures from frames, at most 7 inches wide and legible in grayscale.

No figure is saved here, and none uses the global state of pyplot. `every` selects the figures of a study;
`style.render` turns a figure into PDF, SVG and PNG.

`learning_curves.py`  loss and accuracy against the epoch; their axes are in `curve_axes.py`
`stages.py`           differences after each planned look
`tuning.py`           best value against the tuning budget
`blocks.py`           differences within data sets, mean ranks
`forest.py`           forest plot of the differences from the baseline
`factors.py`          interactions, and shares of the variance
`attribution.py`      effects of the factors, Shapley values
`path.py`             one change after the other
`cost.py`             the metric against training time
`classes.py`          per-class differences, confusion matrices
`image_grid.py`       rows of images
`calibration.py`      of a tested run: reliability diagram, most confident errors
`style.py`            colors, sizes, output formats
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis import collect
from ablate.analysis.blocks import Blocks
from ablate.analysis.effects import most_different
from ablate.analysis.figures.attribution import attribution, factor_effects
from ablate.analysis.figures.blocks import MOST, rank_diagram, within_blocks
from ablate.analysis.figures.calibration import calibration, mistakes
from ablate.analysis.figures.classes import class_difference, confusion
from ablate.analysis.figures.cost import cost
from ablate.analysis.figures.curve_axes import ACCURACY, LOSS, curve_of
from ablate.analysis.figures.factors import interactions, variance_shares
from ablate.analysis.figures.forest import effects
from ablate.analysis.figures.image_grid import samples
from ablate.analysis.figures.learning_curves import PANELS, learning_curves, pages
from ablate.analysis.figures.path import path
from ablate.analysis.figures.stages import paths
from ablate.analysis.figures.style import STYLE, render
from ablate.analysis.figures.tuning import budgets
from ablate.analysis.results import Results
from ablate.analysis.stats.linear_model import FRACTION

__all__ = ["ACCURACY", "CAPTIONS", "STYLE", "attribution", "calibration", "class_difference", "confusion", "cost",
           "effects", "every", "factor_effects", "interactions", "learning_curves", "mistakes", "pages", "render",
           "samples", "variance_shares"]  # fmt: skip

MAX_PANELS = 4 * PANELS  # of learning curves; of more variants, those that differ most from the baseline are drawn
CAPTIONS = {
    "effects": "Difference from the baseline: mean, confidence intervals, and single seeds.",
    "stages": "Difference from the baseline after each planned look, with repeated 95 % confidence intervals; gray: the"
    " margin. A path ends where the variant was decided.",
    "blocks": "Difference from the baseline within each level, with 95 % confidence intervals; bar: mean over levels.",
    "budgets": "Expected best mean over the tuning seeds against the number of random settings tried (Dodge et al.).",
    "ranks": "Mean ranks over levels, 1 is best. A thick line joins variants whose mean ranks differ by less than"
    " Nemenyi's critical difference at 5 %.",
    "loss_curves": "Loss on the training batches (dashed) and on all validation images (solid): cross-entropy, unless a"
    " note states another training loss. Band: from five seeds a pointwise 95 % t-interval, else from minimum to"
    " maximum. A diverged run ends at a cross. The axis ends at three times the largest loss of the runs that learned.",
    "accuracy_curves": "Accuracy on the training batches (dashed) and on all validation images (solid). Band and cross"
    " as for the loss.",
    "interactions": "Interactions: the effect of two changes together minus the sum of their separate effects.",
    "variance_shares": "Shares of the sum of squares, with 95 % bootstrap intervals over seeds (from five seeds).",
    "metric_curves": "The metric after each epoch. Band and cross as for a loss.",
    "factor_effects": "Main effects (filled) and two-way interactions (hollow) with 95 % confidence intervals."
    " *: aliased; the table of main effects has the names.",
    "attribution": "Shapley values of the changes with 95 % confidence intervals; they sum to the whole difference.",
    "path": "One more change at each step, from the baseline (top) to all changes: mean (dot), and the difference from"
    " the step before (bar) with its 95 % confidence interval.",
    "cost": "Mean of the metric with its 95 % confidence interval against training time.",
    "class_difference": "Per-class accuracy of the variant with the best mean, minus the baseline's.",
    "confusion": "Confusion matrix, % of each true class.",
    "samples": "Training images after augmentation.",
}

Drawing = dict[str, Callable[[], Figure]]
MOST_CLASSES = 1000  # of a confusion matrix


def every(results: Results) -> Drawing:
    """Map the file name of each figure of a study to a function that draws it.

    Names are those of `CAPTIONS`; further pages of the curves are `loss_curves_2`, `loss_curves_3`, ...
    """
    runs = results.runs
    drawing: Drawing = {}
    if runs["variant"].nunique() > 1:
        drawing["effects"] = partial(effects, results.effects, runs, results.format)
    if results.looks is not None and results.paths is not None and results.paths["look"].nunique() > 1:
        ordered = results.effects.set_index("variant")["verdict"].reindex(most_different(results.effects, MAX_PANELS))
        drawing["stages"] = partial(
            paths, results.paths, results.looks.sizes, ordered.to_dict(), results.labels, results.format
        )
    if results.tuned is not None and len(results.tuned.best.columns) > 1:
        drawn = {name: results.labels[name] for name in most_different(results.effects, MOST)}
        drawing["budgets"] = partial(budgets, results.tuned.best, drawn, results.format)
    if results.blocks is not None:
        drawing |= _block_figures(results, results.blocks)
    drawing |= _curve_pages(results)
    if results.contrasts is not None and results.shares is not None:
        pairs, aliased = results.contrasts["kind"] == "interaction", results.contrasts["aliases"] != ""
        if pairs.any() or results.contrasts["method"].eq(FRACTION).any():
            drawing["factor_effects"] = partial(factor_effects, results.contrasts, results.format)
        if pairs.sum() > 1 and not aliased.any():  # one is a sentence
            drawing["interactions"] = partial(interactions, results.contrasts, collect.varied(runs), results.format)
        drawing["variance_shares"] = partial(variance_shares, results.shares)
    if results.path is not None:
        drawing["path"] = partial(path, results.path, results.format)
    if results.attribution is not None:
        drawing["attribution"] = partial(attribution, results.attribution, results.format)
    timed = runs[(runs["status"] == "completed") & runs["seconds"].notna()]
    if timed["variant"].nunique() > 1:
        drawing["cost"] = partial(cost, runs, results.format)
    drawing |= _class_figures(results)
    if results.samples:
        images = {results.labels[name]: images for name, images in results.samples.items()}
        drawing["samples"] = partial(samples, images)
    return drawing


def _block_figures(results: Results, within: Blocks) -> Drawing:
    """The differences within blocks, and of five or more blocks the diagram of mean ranks."""
    drawing: Drawing = {}
    if len(results.effects) > 1:
        order = most_different(results.effects, MOST + 1)
        pooled = results.effects.set_index("variant")["difference"].reindex(order).to_dict()
        drawing["blocks"] = partial(within_blocks, within, pooled, results.labels, results.format)
    if within.friedman is not None:
        drawing["ranks"] = partial(rank_diagram, within, results.labels)
    return drawing


def _curve_pages(results: Results) -> Drawing:
    """The pages of loss, accuracy and metric curves, where runs recorded them; none where no run has two epochs."""
    if results.curves["epoch"].nunique() < 2:
        return {}
    drawn = {"loss_curves": LOSS, "accuracy_curves": ACCURACY, "metric_curves": curve_of(results.metric.name)}
    if results.metric.name in (LOSS.validation, ACCURACY.validation):
        del drawn["metric_curves"]
    finite = np.isfinite(results.curves.reindex(columns=[one.validation for one in drawn.values()]).astype(float)).any()
    order = most_different(results.effects, MAX_PANELS)
    runs: pd.DataFrame = results.runs[results.runs["variant"].isin(order)]
    if len(order) > PANELS:  # the variants that differ most are on the first page
        runs = runs.set_index("variant", drop=False).loc[order].reset_index(drop=True)
    curves = results.curves[results.curves["variant"].isin(runs["variant"])]
    return {
        f"{name}_{page + 1}" if page else name: partial(learning_curves, curves, runs, page, quantity)
        for name, quantity in drawn.items()
        if finite[quantity.validation]
        for page in range(pages(runs))
    }


def _class_figures(results: Results) -> Drawing:
    """The per-class figures, of the baseline and the variant with the best mean."""
    drawing: Drawing = {}
    if results.classes is None or results.predicted is None:
        return drawing
    best = results.chosen
    if best is not None and best != collect.BASELINE and best in results.classes.index:
        drawing["class_difference"] = partial(class_difference, results.classes, best, results.labels[best])
    names = dict.fromkeys(name for name in (collect.BASELINE, best) if name is not None)
    compared = [name for name in names if name in results.classes.index]
    if len(results.predicted.classes) > MOST_CLASSES:  # a cell would be smaller than a dot
        return drawing
    matrices = {results.labels[name]: results.predicted.confusion(name) for name in compared}
    drawing["confusion"] = partial(confusion, results.predicted.classes, matrices)
    return drawing
