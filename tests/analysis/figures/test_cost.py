"""The figure of the metric against training time."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.figures import all_figures
from ablate.analysis.sources.any_source import Asked, of_frame


@pytest.mark.parametrize(("seconds", "is_drawn"), [(3.0, True), (0.0, False), (np.nan, False)])
def test_only_positive_times_are_drawn(tmp_path, seconds, is_drawn):
    rows = pd.DataFrame({"net": list("aabb"), "seed": [0, 1] * 2, "acc": [0.1, 0.2, 0.3, 0.5],
                         "seconds": [seconds, seconds, 5, 6]})  # fmt: skip
    results = of_frame(rows, Asked(metric="acc", seed="seed"), tmp_path)
    assert ("cost" in all_figures(results)) == is_drawn
