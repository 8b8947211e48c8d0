"""Effects of the factors and Shapley values as figures: what is drawn at which place."""

import itertools

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import stats
from ablate.analysis.figures import attribution, factor_effects
from tests.analysis.stats.designs import FILTRATION


def line(axis, label: str) -> list[float]:
    return [float(x) for one in axis.lines if one.get_label() == label for x in one.get_xdata()]


def frame(seeds: int = 3) -> pd.DataFrame:
    """Fractions: a adds .01, b .02, both together .01 more."""
    rng = np.random.default_rng(0)
    rows = [(a, b, s, 0.5 + 0.01 * a + 0.02 * b + 0.01 * a * b + 0.001 * rng.normal())
            for a, b, s in itertools.product((0, 1), (0, 1), range(seeds))]  # fmt: skip
    return pd.DataFrame(rows, columns=["a", "b", "seed", "val_accuracy"]).astype({"a": str, "b": str})


def test_bars_of_shapley_values_and_their_ends_in_points():
    table = stats.attribution(frame(), ["a", "b"])
    axis = attribution(table).axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["b=1", "a=1", "all (sum)"]
    values = [100 * table["mean"][k] for k in (1, 0, 2)]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx(values)
    assert line(axis, "the change alone")[:2] == pytest.approx([100 * table["first"][1], 100 * table["first"][0]])
    assert axis.get_xlabel() == "Shapley value (points)"


def test_effects_are_ordered_by_size_and_aliases_are_marked():
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    table = stats.contrasts(half, ["A", "B", "C", "D"], "y")
    axis = factor_effects(table[table["group"] == table.index]).axes[0]
    names = [text.get_text() for text in axis.get_yticklabels()]
    assert names == ["A=+ × D=+ *", "A=+ × C=+ *", "A=+", "D=+", "C=+", "A=+ × B=+ *", "B=+"]
    assert line(axis, "_effect") == pytest.approx([3800, -3700, 1900, 1650, 1400, -200, 150])
