"""Labels and file formats."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Text

from ablate.analysis import figures
from ablate.analysis.figures.style import wrap_label
from tests.processes import ENVIRONMENT


def test_long_labels_are_wrapped_between_changes_and_then_within_a_change():
    assert wrap_label("model=mlp", 22) == "model=mlp"
    assert wrap_label("model=mlp, normalization=none", 22) == "model=mlp,\nnormalization=none"
    assert wrap_label("normalization=weight_standardization", 22) == "normalization=\nweight_standardization"


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


@pytest.mark.filterwarnings("error")
def test_rendering_is_reproducible():
    images = np.zeros((2, 1, 4, 4), np.uint8)
    first, second = (figures.render(figures.samples({"日": images})) for _ in range(2))
    assert first == second and {name: content[:4] for name, content in first.items()} == {
        "pdf": b"%PDF",
        "png": b"\x89PNG",
        "svg": b"<?xm",
    }


def test_a_matplotlibrc_in_the_current_folder_starts_no_latex(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    (tmp_path / "latex").write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    (tmp_path / "latex").chmod(0o755)
    script = (
        "import numpy as np; from ablate.analysis import figures;"
        "print(sorted(figures.render(figures.samples({'a': np.zeros((2, 1, 4, 4), np.uint8)}))))"
    )
    environment = {**ENVIRONMENT, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, "-P", "-c", script]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.stdout == "['pdf', 'png', 'svg']\n" and not list(tmp_path.rglob("ran")), ended.stderr
