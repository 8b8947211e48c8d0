"""Without a terminal, a line now and then says how far an epoch is."""

import io

import pytest
from rich.console import Console

from ablate import progress


@pytest.mark.parametrize(
    ("pause", "lines"), [(-1.0, ["epoch 1/2  1/3  loss 0.5", "epoch 1/2  2/3  loss 0.5"]), (1e9, [])]
)
def test_a_line_tells_the_running_figures_and_the_epochs_own_line_its_end(monkeypatch, pause, lines):
    monkeypatch.setattr(progress, "LINE", pause)
    console = Console(file=io.StringIO(), width=10)
    assert list(progress.steps("abc", "epoch 1/2", "loss 0.5", console)) == ["a", "b", "c"]
    assert console.file.getvalue().splitlines() == lines
