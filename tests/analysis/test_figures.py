"""Contents of the figures: lines, bands, markers and labels."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from ablate.analysis import collect, figures
from ablate.analysis.effects import effects as compare
from ablate.analysis.figures.style import wrap_label
from ablate.analysis.results import analyse

FACTORS = {"model": ["a", "b", "c"], "weight_decay": ["0.1", "0"]}


@pytest.fixture
def study(make_study):
    results = {
        "baseline": {seed: 0.5 + 0.01 * seed for seed in range(5)},
        "model=b": {0: 0.6, 1: 0.7, 2: "diverged", 3: "failed"},
        "model=c": {0: 0.4},
        "weight_decay=0": {0: None},
    }
    return make_study(results, FACTORS)


@pytest.fixture
def runs(study):
    return collect.collect(study)


@pytest.fixture
def panels(study, runs):
    return figures.learning_curves(collect.curves(study, runs), runs).axes


def lines(axis, label):
    return [line for line in axis.lines if line.get_label() == label]


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


def test_axes_have_a_log_scale_labels_and_a_readable_font_size(study, runs):
    figure = figures.learning_curves(collect.curves(study, runs), runs)
    assert figure.axes[0].get_yscale() == "log"
    assert figure.axes[3].get_xlabel() == "Epoch" and "log" in figure.get_supylabel()
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


@pytest.mark.parametrize(("variants", "pages"), [(1, 1), (6, 1), (7, 2), (13, 3)])
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


def test_the_forest_plot_has_one_row_per_variant_largest_first(runs):
    axis = figures.effects(compare(runs), runs).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["model=b", "model=c", "weight_decay=0"]
    means, seeds = lines(axis, "_mean"), lines(axis, "_seeds")
    assert [mean.get_xdata()[0] for mean in means] == pytest.approx([14.5, -10])  # b: +10 and +19
    assert [sorted(seed.get_xdata()) for seed in seeds] == [pytest.approx([10, 19]), pytest.approx([-10])]
    low, high = lines(axis, "_interval")[0].get_xdata()
    assert (low, high) == pytest.approx((14.5 - 12.706205 * 4.5, 14.5 + 12.706205 * 4.5), abs=1e-4)
    assert np.isnan(lines(axis, "_interval")[1].get_xdata()).all()
    assert [text.get_text().strip() for text in axis.texts] == ["no completed run to compare"]
    assert axis.lines[0].get_xdata() == [0, 0]


def test_the_forest_plot_names_the_baseline_and_the_unit(runs):
    axis = figures.effects(compare(runs), runs).axes[0]
    first, second = axis.get_xlabel().splitlines()
    assert first == "Difference in validation accuracy to the baseline (percentage points)"
    assert second == "baseline: model=a, weight_decay=0.1; mean 52.00\N{NO-BREAK SPACE}%, n = 5"


@pytest.mark.parametrize("results", [{"baseline": {0: 0.5}}, {"baseline": {0: None}, "model=b": {0: "failed"}}])
def test_a_study_without_results_can_be_drawn(make_study, results):
    study = make_study(results, FACTORS)
    runs = collect.collect(study)
    for figure in (figures.learning_curves(collect.curves(study, runs), runs), figures.effects(compare(runs), runs)):
        figure.draw_without_rendering()
    assert len(figure.axes[0].texts) == 1


def test_every_figure_of_a_study_has_a_caption(make_study):
    levels = [f"level{number}" for number in range(30)]
    results = {"baseline": {0: 0.5, 1: 0.5}}
    results |= {f"model={level}": {0: 0.5 - i / 100, 1: 0.5} for i, level in enumerate(levels[1:])}
    results |= {"weight_decay=0": {0: 0.1, 1: 0.2}, "model=level1+weight_decay=0": {0: 0.3, 1: 0.2}}
    study = make_study(results, {"model": levels, "weight_decay": ["0.1", "0"]})
    np.savez(study / "baseline" / "seed=0" / "samples.npz", images=np.zeros((16, 1, 8, 8), np.uint8))
    np.savez(study / "weight_decay=0" / "seed=0" / "samples.npz", images=np.ones((16, 1, 8, 8), np.uint8))
    np.savez(study / "model=level1" / "seed=0" / "samples.npz", images=np.ones((16, 1, 8, 8), np.uint8))
    drawing = figures.every(analyse(study))
    pages = [f"{name}_curves{page}" for name in ("loss", "accuracy") for page in ("", "_2", "_3", "_4")]
    assert set(drawing) == {"effects", *pages, "interactions", "variance_shares", "cost", "samples"}
    assert {name.rstrip("_234") for name in drawing} <= set(figures.CAPTIONS)
    first = [axis.get_title().split("\n")[0] for axis in drawing["loss_curves"]().axes]
    assert first[:2] == ["baseline", "weight_decay=0"]  # -40 and -30 points
    rows = [label.get_text() for label in drawing["samples"]().axes[0].get_yticklabels()]
    assert rows == ["baseline", "model=level1"]  # a variant with the same images has no row


PAIR = {"kind": "interaction", "factor": "model", "level": "wide_resnet", "factor_2": "normalization"}


@pytest.mark.parametrize("level", ["batch", "weight_standardization"])
def test_the_labels_of_a_small_heatmap_are_not_clipped(level):
    contrasts = pd.DataFrame([{**PAIR, "level_2": level, "mean": -0.138, "n": 5}])
    figure = figures.interactions(contrasts, ["model", "normalization"])
    figure.draw_without_rendering()
    bar = figure.axes[1]
    assert bar.get_title() == "Interaction\n(points)" and figure.axes[0].texts[0].get_text() == "−13.8\nn = 5"
    box = figure.bbox
    for text in (bar.title, *figure.axes[0].get_xticklabels(), *figure.axes[0].get_yticklabels()):
        inside = text.get_window_extent()
        assert box.x0 <= inside.x0 and inside.x1 <= box.x1 and box.y0 <= inside.y0 and inside.y1 <= box.y1
    assert not bar.title.get_window_extent().overlaps(bar.get_window_extent())


def test_forest_has_a_marker_for_each_verdict_that_occurs(make_study):
    base, rising = dict.fromkeys(range(6), 0.9), [0.001 * (seed % 2) for seed in range(6)]
    results = {
        "baseline": base, "model=b": {s: 0.95 + x for s, x in enumerate(rising)},
        "model=c": dict.fromkeys(range(6), "diverged"),
        "weight_decay=0": {s: 0.9 + x for s, x in enumerate(rising)},
    }  # fmt: skip
    runs = collect.collect(make_study(results, FACTORS))
    figure = figures.effects(compare(runs, margin=1.0), runs, margin=1.0)
    axis = figure.axes[0]
    assert [mean.get_marker() for mean in lines(axis, "_mean")] == ["^", "s", "X"]
    assert [text.get_text().strip() for text in axis.texts] == ["6 of 6 runs diverged (baseline: 0 of 6)"]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        "margin: ±1 points", "95 % CI", "simultaneous 95 % CI (Bonferroni, 3 planned variants)", "one seed", "better",
        "equivalent", "diverges",
    ]  # fmt: skip


def test_shares_are_drawn_with_seed_and_residual():
    table = pd.DataFrame({"term": ["f", "f:g", "seed", "Residual"], "share": [0.5, 0.25, 0.15, 0.1],
                          "low": [0.4, np.nan, 0.1, 0.05], "high": [0.6, np.nan, 0.2, 0.2]})  # fmt: skip
    axis = figures.variance_shares(table).axes[0]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([50, 25, 15, 10])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["f", "f × g", "seed", "Residual"]
    assert lines(axis, "_interval")[0].get_xdata() == pytest.approx([40, 60]) and len(lines(axis, "_interval")) == 3
    many = pd.DataFrame(
        {"term": [f"t{k}" for k in range(30)] + ["seed", "Residual"], "share": 1 / 32, "low": np.nan, "high": np.nan}
    )
    axis = figures.variance_shares(many).axes[0]
    assert len(axis.patches) == 16 and sum(bar.get_width() for bar in axis.patches) == pytest.approx(100)


def test_interactions_that_cannot_be_estimated_are_not_drawn(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}, "weight_decay=0": {0: 0.4, 1: 0.3}}
    alone = analyse(make_study(results, FACTORS))
    drawing = figures.every(alone)
    assert "interactions" not in drawing and "variance_shares" in drawing
    assert set(alone.contrasts["kind"]) == {"main"} and alone.contrasts["estimable"].any()
    bars = [label.get_text() for label in drawing["variance_shares"]().axes[0].get_yticklabels()]
    assert sorted(bars) == ["Residual", "model", "seed", "weight_decay"]
    results |= {"model=b+weight_decay=0": {0: 0.5, 1: 0.5}}
    both = analyse(make_study(results, FACTORS, name="both"))
    assert "interactions" in figures.every(both) and set(both.contrasts["kind"]) == {"main", "interaction"}


def test_long_labels_are_wrapped_between_changes_and_then_within_a_change():
    assert wrap_label("model=mlp", 22) == "model=mlp"
    assert wrap_label("model=mlp, normalization=none", 22) == "model=mlp,\nnormalization=none"
    assert wrap_label("normalization=weight_standardization", 22) == "normalization=\nweight_standardization"


def test_samples_show_the_pixels_unchanged():
    images = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 4), dtype=np.uint8)
    (axis,) = figures.samples({"a": images}).axes
    for shown, image in zip(axis.images, images[:8], strict=True):
        np.testing.assert_array_equal(shown.get_array(), image.transpose(1, 2, 0))


def test_samples_are_next_to_their_labels_and_below_their_titles():
    images = np.zeros((2, 1, 4, 4), np.uint8)
    figure = figures.samples({"$a$": images, "a label longer than one line": images}, {"$a$": ["dog\n$1", "c" * 30]})
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["dog\n$1", "c" * 14 + "…"]
    for text, shown in zip(axis.texts, axis.images, strict=False):
        box, image = text.get_window_extent(), shown.get_window_extent()
        assert image.y1 <= box.y0 and image.x0 < (box.x0 + box.x1) / 2 < image.x1
    for label, shown in zip(axis.get_yticklabels(), axis.images[::2], strict=True):
        box, image = label.get_window_extent(), shown.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= image.x0 and image.y0 < (box.y0 + box.y1) / 2 < image.y1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("label", "drawn"),
    [
        (r"$\frac{1}{$", r"$\frac{1}{$"),
        ("\x1b[2J\u202e\x00", r"\x1b[2J\u202e\x00"),
        ("猫 é", r"\u732b é"),
        ("🧪", r"\U0001f9ea"),
        ("x" * 5000, f"{'x' * 150}…{'x' * 149}"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_any_label_is_drawn_as_text(label, drawn):
    figure = figures.confusion([label, "b"], {label: np.eye(2)})
    files = figures.render(figure)
    assert drawn in {text.get_text() for text in figure.findobj(Text)}
    ElementTree.fromstring(files["svg"])  # raises an error if the SVG is not XML


def test_rendering_is_reproducible():
    images = np.zeros((2, 1, 4, 4), np.uint8)
    first, second = (figures.render(figures.samples({"日": images})) for _ in range(2))
    assert first == second and {name: content[:4] for name, content in first.items()} == {
        "pdf": b"%PDF",
        "png": b"\x89PNG",
        "svg": b"<?xm",
    }
