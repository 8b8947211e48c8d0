"""Labels and file formats."""

import numpy as np
import pytest

from ablate.analysis import figures
from ablate.analysis.figures.style import wrap_label


def test_long_labels_are_wrapped_between_changes_and_then_within_a_change():
    assert wrap_label("model=mlp", 22) == "model=mlp"
    assert wrap_label("model=mlp, normalization=none", 22) == "model=mlp,\nnormalization=none"
    assert wrap_label("normalization=weight_standardization", 22) == "normalization=\nweight_standardization"


@pytest.mark.filterwarnings("error")
def test_rendering_is_reproducible():
    images = np.zeros((2, 1, 4, 4), np.uint8)
    first, second = (figures.render(figures.samples({"日": images})) for _ in range(2))
    assert first == second and {name: content[:4] for name, content in first.items()} == {
        "pdf": b"%PDF",
        "png": b"\x89PNG",
        "svg": b"<?xm",
    }
