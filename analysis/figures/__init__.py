"""Draw matplotlib figures from frames, one column of a page wide (8.5 cm) or two, and legible in grayscale.

No figure is saved here, and none uses the global state of pyplot. `all_figures` selects the figures of a study;
`style.render` turns a figure into PDF, SVG and PNG.

`learning_curves.py`  loss and accuracy against the epoch; their axes are in `curve_axes.py`
`stages.py`           differences after each planned look
`tuning.py`           best value against the tuning budget
`blocks.py`           differences within data sets, mean ranks
`forest.py`           forest plot of the differences from the baseline
`factors.py`          interactions, and shares of the variance
`path.py`             one change after the other
`attribution.py`      effects of the factors, Shapley values
`cost.py`             the metric against training time
`classes.py`          per-class differences, confusion matrices
`image_grid.py`       rows of images
`activation_maps.py`  class activation maps of two networks
`calibration.py`      of a tested run: reliability diagram, most confident errors
`captions.py`         the captions of a study's figures
`interval_axis.py`, `point_labels.py`  intervals that are cut off at an edge; labels without overlaps
`style.py`            colors, sizes, output formats
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from ablate.analysis import collect
from ablate.analysis.blocks import Blocks
from ablate.analysis.effects import most_different
from ablate.analysis.figures.activation_maps import activation_maps
from ablate.analysis.figures.attribution import attribution, factor_effects
from ablate.analysis.figures.blocks import MOST, rank_diagram, within_blocks
from ablate.analysis.figures.calibration import calibration, mistakes
from ablate.analysis.figures.captions import captions
from ablate.analysis.figures.classes import class_difference, confusion
from ablate.analysis.figures.cost import cost, costs
from ablate.analysis.figures.curve_axes import ACCURACY, LOSS, curve_of
from ablate.analysis.figures.factors import interactions, variance_shares
from ablate.analysis.figures.forest import effects
from ablate.analysis.figures.image_grid import samples
from ablate.analysis.figures.learning_curves import PANELS, learning_curves, pages
from ablate.analysis.figures.path import path
from ablate.analysis.figures.stages import MOST as MOST_PATHS
from ablate.analysis.figures.stages import paths
from ablate.analysis.figures.style import STYLE, render
from ablate.analysis.figures.tuning import budgets
from ablate.analysis.results import Results
from ablate.analysis.stats.linear_model import FRACTION

__all__ = ["ACCURACY", "NAMES", "STYLE", "all_figures", "attribution", "calibration", "captions", "class_difference",
           "confusion", "cost", "effects", "factor_effects", "interactions", "learning_curves", "mistakes", "pages",
           "render", "samples", "variance_shares"]  # fmt: skip

MAX_PANELS = 4 * PANELS  # of learning curves; of more variants, those that differ most from the baseline are drawn
NAMES = ("effects", "stages", "budgets", "blocks", "ranks", "loss_curves", "accuracy_curves", "metric_curves", "path",
         "interactions", "factor_effects", "attribution", "variance_shares", "cost", "class_difference", "confusion",
         "samples", "activation_maps")  # fmt: skip

Drawing = dict[str, Callable[[], Figure]]
MOST_CLASSES = 1000  # of a confusion matrix


def all_figures(results: Results) -> Drawing:
    """Map the file name of each figure of a study to a function that draws it.

    Names are those of `NAMES`; further pages of the curves are `loss_curves_2`, `loss_curves_3`, ...
    """
    runs, shares, drawing = results.runs, results.shares, Drawing()
    compared = results.effects["variant"] != collect.BASELINE
    known = results.effects["difference"].notna() | (results.effects["diverged"] > 0)
    if (compared & known).any():
        drawing["effects"] = partial(effects, results.effects, runs, results.format)
    if results.looks is not None and results.paths is not None and results.paths["look"].nunique() > 1:
        verdicts = results.effects.set_index("variant")["verdict"]
        drawn = verdicts[verdicts.index.isin(most_different(results.effects, MOST_PATHS + 1))].to_dict()
        drawing["stages"] = partial(paths, results.paths, results.looks.sizes, drawn, results.labels, results.format)
    if results.tuned is not None and len(results.tuned.best.columns) > 1:
        kept = most_different(results.effects, MOST)
        names = {name: label for name, label in results.labels.items() if name in kept}
        drawing["budgets"] = partial(budgets, results.tuned.best, names, results.format)
    if results.blocks is not None:
        drawing |= _block_figures(results, results.blocks)
    if results.path is not None:
        drawing["path"] = partial(path, results.path, results.format)
    drawing |= _curve_pages(results)
    if results.contrasts is not None:
        crossed = results.contrasts[results.contrasts["kind"] == "interaction"]
        if len(crossed) or results.contrasts["method"].eq(FRACTION).any():
            drawing["factor_effects"] = partial(factor_effects, results.contrasts, results.format)
        aliased = (results.contrasts["aliases"] != "").any()
        if crossed["mean"].notna().sum() > 1 and not aliased:  # one is a sentence
            drawing["interactions"] = partial(interactions, results.contrasts, collect.varied(runs), results.format)
    if shares is not None and (shares["share"] > 0).sum() > 1:
        drawing["variance_shares"] = partial(variance_shares, shares)
    if results.attribution is not None:
        drawing["attribution"] = partial(attribution, results.attribution, results.format)
    points = costs(runs, results.format)
    is_timed = bool((points["seconds"] > 0).all())  # for the logarithmic axis
    if is_timed and len(points) > 1 and points["mean"].nunique() > 1:
        drawing["cost"] = partial(cost, runs, results.format)
    drawing |= _class_figures(results)
    if results.samples:
        images = {results.labels[name]: images for name, images in results.samples.items()}
        drawing["samples"] = partial(samples, images)
    if results.activation_maps is not None:
        mapped = [results.labels.get(name, name) for name in results.activation_maps[0].variants]
        drawing["activation_maps"] = partial(activation_maps, *results.activation_maps, mapped)
    return drawing


def _block_figures(results: Results, within: Blocks) -> Drawing:
    """The differences within blocks, and of five or more blocks the diagram of mean ranks."""
    drawing: Drawing = {}
    if len(results.effects) > 1:
        over = results.effects.set_index("variant")["difference"]
        pooled = over[over.index.isin(most_different(results.effects, MOST + 1))].to_dict()
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
    values = results.curves.reindex(columns=[one.validation for one in drawn.values()]).astype(float)
    differ = values.where(np.isfinite(values)).nunique() > 1
    # In the order of the table; those that differ most are on the first page.
    table = list(results.effects["variant"])
    first = sorted(most_different(results.effects, PANELS), key=table.index)
    others = sorted(most_different(results.effects, MAX_PANELS)[PANELS:], key=table.index)
    runs = results.runs.set_index("variant", drop=False).loc[[*first, *others]].reset_index(drop=True)
    curves = results.curves[results.curves["variant"].isin(runs["variant"])]
    return {
        f"{name}_{page + 1}" if page else name: partial(learning_curves, curves, runs, page, quantity)
        for name, quantity in drawn.items()
        if differ[quantity.validation]
        for page in range(pages(runs))
    }


def _class_figures(results: Results) -> Drawing:
    """The per-class figures, of the baseline and the variant with the best mean."""
    drawing: Drawing = {}
    if results.classes is None or results.predicted is None:
        return drawing
    best = results.chosen
    if best is not None and best != collect.BASELINE and best in results.classes.index and _differs(results, best):
        drawing["class_difference"] = partial(class_difference, results.classes, best, results.labels[best])
    names = dict.fromkeys(name for name in (collect.BASELINE, best) if name is not None)
    compared = [name for name in names if name in results.classes.index]
    if len(results.predicted.classes) > MOST_CLASSES:  # a cell would be smaller than a dot
        return drawing
    matrices = {results.labels[name]: results.predicted.confusion(name) for name in compared}
    drawing["confusion"] = partial(confusion, results.predicted.classes, matrices)
    return drawing


def _differs(results: Results, variant: str) -> bool:
    """Whether a variant's accuracy differs from the baseline's on any of several classes."""
    assert results.classes is not None
    values = results.classes.loc[variant]
    return len(values) > 1 and bool((values.abs() > 0).any())
