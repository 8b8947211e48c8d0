"""Which figures a study has."""

from dataclasses import replace

import numpy as np
import pytest

from ablate.analysis import collect, figures
from ablate.analysis.analyze import analyze
from ablate.analysis.effects import effects as compare
from tests.analysis.figures.conftest import FACTORS


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
    results |= {"model=level2+weight_decay=0": {0: 0.1, 1: 0.2}}
    study = make_study(results, {"model": levels, "weight_decay": ["0.1", "0"]})
    np.savez(study / "baseline" / "seed=0" / "samples.npz", images=np.zeros((16, 1, 8, 8), np.uint8))
    np.savez(study / "weight_decay=0" / "seed=0" / "samples.npz", images=np.ones((16, 1, 8, 8), np.uint8))
    np.savez(study / "model=level1" / "seed=0" / "samples.npz", images=np.ones((16, 1, 8, 8), np.uint8))
    drawing = figures.every(analyze(study))
    pages = [f"loss_curves{page}" for page in ("", "_2", "_3", "_4")]  # the accuracies are all equal
    assert set(drawing) == {"effects", *pages, "interactions", "factor_effects", "variance_shares", "cost", "samples"}
    assert {name.rstrip("_234") for name in drawing} <= set(figures.captions(analyze(study))) == set(figures.NAMES)
    first = [axis.get_title().split("\n")[0] for axis in drawing["loss_curves"]().axes]
    assert first[:2] == ["baseline", "model=level26"] and "weight_decay=0" in first  # in the order of the plan
    rows = [label.get_text() for label in drawing["samples"]().axes[0].get_yticklabels()]
    assert rows == ["baseline", "model=level1"]  # a variant with the same images has no row


def test_a_figure_that_would_show_nothing_is_not_drawn(make_study):
    """All accuracies and all times equal; no variant with a result."""
    equal = make_study({"baseline": {0: 0.5, 1: 0.5}, "model=b": {0: 0.5, 1: 0.5}}, {"model": ["a", "b"]})
    assert set(figures.every(analyze(equal))) == {"effects", "loss_curves"}
    lost = make_study({"baseline": {0: 0.5}, "model=b": {0: "failed"}}, {"model": ["a", "b"]}, name="lost")
    assert set(figures.every(analyze(lost))) == {"loss_curves"}


def test_aliases_are_explained_only_where_they_occur(make_study):
    study = make_study(
        {f"{'+'.join(names) or 'baseline'}": {seed: 0.5 + 0.01 * len(names) + seed / 100 for seed in range(3)}
         for names in ((), ("model=b",), ("norm=y",), ("model=b", "norm=y"))},
        {"model": ["a", "b"], "norm": ["x", "y"]},
    )  # fmt: skip
    results = analyze(study)
    assert "aliased" not in figures.captions(results)["factor_effects"]
    fraction = replace(results, contrasts=results.contrasts.assign(aliases=["norm=y", "", ""]))
    assert "aliased" in figures.captions(fraction)["factor_effects"]
