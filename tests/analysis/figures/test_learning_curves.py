"""Learning curves: lines, bands, crosses and axes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from ablate.analysis import collect, figures
from ablate.analysis.analyze import analyze
from ablate.analysis.figures.curve_axes import curve_of
from tests.analysis.figures.conftest import FACTORS, lines


@pytest.fixture
def panels(study, runs):
    return figures.learning_curves(collect.curves(study, runs), runs).axes


def test_one_panel_per_variant_with_its_seeds_and_mean(panels):
    titles = [axis.get_title() for axis in panels[:4]]
    assert titles == [
        "baseline\nn = 5",
        "model=b\nn = 2; 1 diverged, 1 failed",
        "model=c\nn = 1",
        "weight_decay=0\nn = 0; 1 missing",
    ]
    assert [len(lines(axis, "_seed validation")) for axis in panels[:4]] == [5, 3, 1, 0]
    assert [len(lines(axis, "_seed training")) for axis in panels[:4]] == [5, 3, 1, 0]
    assert [len(lines(axis, "validation")) for axis in panels[:4]] == [1, 1, 1, 0]
    assert [len(lines(axis, "baseline")) for axis in panels[:4]] == [0, 1, 1, 1]
    assert [len(axis.collections) for axis in panels[:4]] == [2, 2, 0, 0]  # bands


def test_the_mean_is_over_completed_runs_only(panels):
    """The validation loss of a completed run is (1 - accuracy) + 1.5 x .6^epoch, for b on average .35 + ..."""
    (mean,) = lines(panels[1], "validation")
    np.testing.assert_allclose(mean.get_ydata(), [0.35 + 1.5 * 0.6**epoch for epoch in (1, 2, 3, 4)])
    assert mean.get_linestyle() == "-" and lines(panels[1], "training")[0].get_linestyle() == "--"


def test_bands(panels):
    """Minimum to maximum for two seeds; for five, the mean +- 2.776 sd / sqrt 5, sd = .01 sqrt 2.5."""
    validation = panels[1].collections[1].get_paths()[0].get_extents()
    assert (validation.y0, validation.y1) == pytest.approx((0.3 + 1.5 * 0.6**4, 0.4 + 1.5 * 0.6))
    half = 2.776445 * 0.01 * np.sqrt(2.5) / np.sqrt(5)
    validation = panels[0].collections[1].get_paths()[0].get_extents()
    assert (validation.y0, validation.y1) == pytest.approx((0.48 + 1.5 * 0.6**4 - half, 0.48 + 1.5 * 0.6 + half))


def test_a_diverged_run_ends_at_a_cross(panels):
    (cross,) = lines(panels[1], "_diverged")
    assert cross.get_marker() == "x"
    assert cross.get_xdata().tolist() == [3]  # its last finite epoch
    assert cross.get_ydata() == pytest.approx([0.5 + 1.5 * 0.6**3])
    assert not lines(panels[0], "_diverged")


def test_a_run_without_finite_losses_has_its_cross_at_the_top(make_study):
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: "diverged"}}, FACTORS)
    runs = collect.collect(study)
    curves = collect.curves(study, runs)
    curves.loc[curves["status"] == "diverged", ["train_loss", "train_cross_entropy", "val_loss"]] = np.nan
    axis = figures.learning_curves(curves, runs).axes[1]
    (cross,) = lines(axis, "_diverged")
    assert cross.get_xdata().tolist() == [4]
    assert cross.get_ydata() == pytest.approx([axis.get_ylim()[1]])


def test_a_diverging_loss_does_not_determine_the_limits(make_study):
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: "diverged"}}, FACTORS)
    runs = collect.collect(study)
    curves = collect.curves(study, runs)
    curves.loc[curves["status"] == "diverged", "val_loss"] = 1e30
    assert figures.learning_curves(curves, runs).axes[0].get_ylim()[1] < 5


@pytest.mark.parametrize(
    ("losses", "high", "is_cut"),
    [
        ([0.9, 1.0, np.inf], 1.15, False),
        ([0.9, 5.0, np.inf], 3, True),
        ([0.9, 2.9], 3, False),
        ([0.9, 2.0], 2.3, False),
    ],
)
def test_the_caption_states_where_the_axis_of_the_loss_ends(make_study, losses, high, is_cut):
    """The largest loss of the run that learned is 1."""
    results = analyze(make_study({"baseline": {0: 0.5}, "model=b": {0: "diverged"}}, FACTORS))
    curves = results.curves.assign(val_loss=1.0, train_cross_entropy=0.5)
    curves.loc[curves.index[curves["variant"] == "model=b"][-len(losses) :], "val_loss"] = losses
    assert figures.learning_curves(curves, results.runs).axes[0].get_ylim()[1] == pytest.approx(high)
    assert (
        "three times the largest loss" in figures.captions(replace(results, curves=curves))["loss_curves"]
    ) == is_cut


def test_no_caption_is_about_runs_that_learned_if_none_did(make_study):
    results = analyze(make_study({"baseline": {0: "diverged"}}, FACTORS))
    curves = results.curves.assign(val_loss=np.inf)
    assert "learned" not in figures.captions(replace(results, curves=curves))["loss_curves"]


def test_axes_have_a_log_scale_labels_and_a_readable_font_size(study, runs):
    figure = figures.learning_curves(collect.curves(study, runs), runs)
    assert figure.axes[0].get_yscale() == "log"
    assert figure.get_supxlabel() == "Epoch" and "log" in figure.get_supylabel()
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert len(texts) > 20
    assert min(text.get_fontsize() for text in texts) >= 7


def test_the_training_loss_is_the_function_of_the_validation_loss_where_it_is_recorded(study, runs):
    curves = collect.curves(study, runs).assign(train_loss=9.0)
    curves.loc[curves["variant"] == "model=b", "train_cross_entropy"] = np.nan  # of an earlier version
    first, second = figures.learning_curves(curves, runs).axes[:2]
    (mean,), (minimized,) = lines(first, "training"), lines(second, "training")
    expected = curves[curves["variant"] == "baseline"].groupby("epoch")["train_cross_entropy"].mean()
    np.testing.assert_allclose(mean.get_ydata(), expected)
    assert set(minimized.get_ydata()) == {9.0}


def test_the_accuracy_is_drawn_in_per_cent_beside_the_loss(study, runs):
    curves = collect.curves(study, runs)
    curves["val_accuracy"] = 0.1 * curves["epoch"] + 0.01 * curves["seed"]
    figure = figures.learning_curves(curves, runs, 0, figures.ACCURACY)
    axis = figure.axes[0]
    (mean,) = lines(axis, "validation")
    seeds = runs.loc[(runs["variant"] == "baseline") & (runs["status"] == "completed"), "seed"]
    np.testing.assert_allclose(mean.get_ydata(), 0.1 * np.arange(1, 5) + 0.01 * seeds.mean())
    figure.draw_without_rendering()
    assert axis.get_yscale() == "linear" and figure.get_supylabel() == "Accuracy (%)"
    assert {"20", "40"} <= {label.get_text() for label in axis.get_yticklabels()}
    low, high = axis.get_ylim()
    assert low < 0.1 and curves["val_accuracy"].max() < high < 1


def test_the_mean_ends_with_the_shortest_run(study, runs):
    curves = collect.curves(study, runs)
    curves = curves[~((curves["variant"] == "model=b") & (curves["seed"] == 1) & (curves["epoch"] > 2))]
    axis = figures.learning_curves(curves, runs).axes[1]
    assert lines(axis, "validation")[0].get_xdata().tolist() == [1, 2]
    assert sorted(len(line.get_xdata()) for line in lines(axis, "_seed validation")) == [2, 3, 4]


@pytest.mark.parametrize(("variants", "pages"), [(1, 1), (8, 1), (9, 2), (17, 3)])
def test_many_variants_fill_pages(make_study, variants, pages):
    levels = [f"level{number}" for number in range(variants)]
    results = {"baseline": {0: 0.5}} | {f"model={level}": {0: 0.5} for level in levels[1:]}
    study = make_study(results, {"model": levels})
    runs = collect.collect(study)
    curves = collect.curves(study, runs)
    assert figures.pages(runs) == pages
    panels = [
        axis for page in range(pages) for axis in figures.learning_curves(curves, runs, page).axes if axis.get_title()
    ]
    assert len(panels) == variants
    assert len({axis.get_ylim() for axis in panels}) == 1


def test_the_curve_of_another_app_has_the_epochs_and_lines_that_it_recorded(runs):
    """Lightning counts epochs from 0, and its row of the test set has an epoch of its own."""
    rows = [
        {"variant": "baseline", "seed": seed, "status": "completed", "epoch": epoch, "val/acc": value}
        for seed in (0, 1)
        for epoch, value in enumerate((0.5, 0.6, 0.7, np.nan))
    ]
    curves = pd.concat([collect.no_curves(), pd.DataFrame(rows)])
    figure = figures.learning_curves(curves, runs[runs["variant"] == "baseline"], quantity=curve_of("val/acc"))
    assert figure.axes[0].get_xlim() == (-0.5, 2.5)
    texts = [entry.get_text() for entry in figure.legends[0].get_texts()]
    assert any("validation" in text for text in texts) and not any("training" in text for text in texts)


def test_the_band_of_negative_values_is_not_cut_at_zero(runs):
    rows = [
        {"variant": "baseline", "seed": seed, "status": "completed", "epoch": epoch, "reward": -1 - seed / 10}
        for seed in range(5)
        for epoch in (1, 2)
    ]
    curves = pd.concat([collect.no_curves(), pd.DataFrame(rows)])
    axis = figures.learning_curves(curves, runs[runs["variant"] == "baseline"], quantity=curve_of("reward")).axes[0]
    assert axis.collections[0].get_paths()[0].get_extents().y1 < 0
