"""The captions of the figures of a study: what is drawn, and of marks and bands those that occur."""

import numpy as np

from ablate.analysis.effects import planned_comparisons
from ablate.analysis.figures.cost import NAMED, costs, ends
from ablate.analysis.figures.curve_axes import LOSS, limits
from ablate.analysis.figures.forest import drawn, is_cut
from ablate.analysis.figures.learning_curves import bands, comparable
from ablate.analysis.interval_limits import REACH
from ablate.analysis.results import Results
from ablate.terminal.text import plural

CUT = f" An arrow marks a bar that is cut off at the edge: it is longer than {REACH} times the median."


def captions(results: Results) -> dict[str, str]:
    """The caption of each figure that a study may have, by its name."""
    return {
        "effects": _effects(results),
        "stages": "Difference from the baseline after each planned look, with repeated 95 % confidence intervals; gray:"
        " the margin. A path ends where the variant was decided.",
        "blocks": "Difference from the baseline within each level, with 95 % confidence intervals; bar: mean over"
        " levels.",
        "budgets": "Expected best mean over the tuning seeds against the number of settings tried (Dodge et al. 2019).",
        "ranks": "Mean ranks over levels, 1 is best. A thick line joins variants whose mean ranks differ by less than"
        " Nemenyi's critical difference at 5 %.",
        "path": "One more change at each step, from the baseline (top) to all changes: mean (dot), and the difference"
        " from the step before (bar) with its 95 % confidence interval.",
        "factor_effects": "Main effects (filled) and two-way interactions (hollow) with 95 % confidence intervals."
        + (" *: aliased; the table of main effects has the names." if _is_aliased(results) else ""),
        "attribution": "Shapley values of the changes with 95 % confidence intervals; they sum to the whole"
        " difference.",
        "loss_curves": _curves(results, "Loss", "cross-entropy, on the training batches and on all validation images")
        + _ceiling(results),
        "accuracy_curves": _curves(results, "Accuracy", "on the training batches and on all validation images"),
        "metric_curves": _curves(results, f"{results.format.title}", "after each epoch"),
        "interactions": "Interactions: the effect of two changes together minus the sum of their separate effects.",
        "variance_shares": "Shares of the sum of squares"
        + (", with 95 % bootstrap intervals over seeds." if _has_intervals(results) else "."),
        "cost": _cost(results),
        "class_difference": "Difference in validation accuracy from the baseline on each class, of the variant with the"
        " best mean.",
        "confusion": "Confusion matrix, % of each true class.",
        "samples": "Training images after augmentation.",
        "activation_maps": "Validation images that only one of the two networks classifies correctly, with their class;"
        " and for each network its class, its confidence and the class activation map (Grad-CAM): bright parts support"
        f" the class.{_layers(results)}",
    }


def _layers(results: Results) -> str:
    """Which runs and layers the activation maps are of."""
    if results.activation_maps is None:
        return ""
    record = results.activation_maps[0]
    parts = [
        f"{folder}, layer {layer}" if layer else f"{folder}, which has no layer with a spatial output"
        for folder, layer in zip(record.folders, record.layers, strict=True)
    ]
    return f" Runs: {'; '.join(parts)}."


def _is_aliased(results: Results) -> bool:
    """Whether an effect cannot be separated from another one."""
    return results.contrasts is not None and bool((results.contrasts["aliases"] != "").any())


def _effects(results: Results) -> str:
    """That of the forest plot."""
    rows = drawn(results.effects)
    parts = ["mean"]
    if rows["ci_low"].notna().any():
        parts.append("95 % confidence interval (thick)")
    if (rows["simultaneous_low"] < rows["ci_low"]).any():
        m = planned_comparisons(results.runs)
        parts.append(f"simultaneous interval (thin; Bonferroni, {plural(m, 'planned variant')})")
    text = f"Difference from the baseline: {_listed([*parts, 'single seeds'])}."
    if results.margin is not None:
        text += f" Gray: the margin, {results.format.margin}."
    return text + CUT * is_cut(results.effects, results.runs, results.format)


def _curves(results: Results, title: str, of: str) -> str:
    """That of learning curves: bands and crosses as they occur."""
    kinds = bands(results.curves)
    text = f"{title}, {of}: mean (thick) and single seeds (thin)."
    if len(kinds) == 2:
        text += " Band: pointwise 95 % t-interval for n ≥ 5, else minimum to maximum."
    elif kinds:
        text += f" Band: {'pointwise ' * kinds[0].startswith('95')}{kinds[0]}."
    return text + " A diverged run ends at a cross." * bool((results.curves["status"] == "diverged").any())


def _ceiling(results: Results) -> str:
    """Whether the axis of the loss ends below the largest loss."""
    curves = comparable(results.curves)
    if not len(curves):
        return ""
    _, high = limits(curves, LOSS, results.runs)
    losses = curves[[*LOSS.columns]]
    cut = (losses.where(np.isfinite(losses)) > high).any(axis=None)  # an infinite loss is nowhere on the axis
    return " The axis ends at three times the largest loss of the runs that learned." if cut else ""


def _cost(results: Results) -> str:
    """That of cost against metric."""
    points = costs(results.runs, results.format)
    text = f"{results.format.title} against training time: means and 95 % confidence intervals."
    if len(points) > NAMED:
        text += " Labeled: the baseline, and variants that no other one surpasses in both."
    low, high = ends(points)
    return text + CUT * bool((points["low"] < low).any() or (points["high"] > high).any())


def _has_intervals(results: Results) -> bool:
    return results.shares is not None and bool(results.shares["low"].notna().any())


def _listed(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
