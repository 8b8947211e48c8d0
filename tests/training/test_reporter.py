"""What a run prints about its epochs."""

import re
from io import StringIO

import pytest

from ablate.terminal import progress
from ablate.terminal.console import Console
from ablate.training.reporter import Reporter
from tests.training.fitted import fit


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_line_of_an_epoch_is_broken_between_words_and_ends_with_the_time_left(width):
    row = {"epoch": 2, "train_loss": 1.25, "train_accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0.25, "seconds": 12}
    expected = (
        "epoch 2/5  train loss 1.250 accuracy 50.0 %  validation loss 1.500 accuracy 25.0 %  12.0 s, about 36 s left"
    )
    for terminal in (True, False):
        shown = StringIO()
        Reporter([], Console(file=shown, force_terminal=terminal, width=width), epochs=5).log(
            [{**row, "epoch": 1}, row]
        )
        assert shown.getvalue().split() == expected.split()
        lines = shown.getvalue().splitlines()
        assert all(len(line) <= width for line in lines) if terminal else lines == [expected]


def test_the_progress_within_an_epoch_is_printed_with_the_running_means(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
    shown = StringIO()
    fit("model=mlp", "model.hidden=[8]", console=Console(file=shown, width=200))
    for epoch in (1, 2):
        line = rf"^epoch {epoch}/2  9/10  loss \d\.\d{{3}}  accuracy \d+\.\d %$"
        assert re.search(line, shown.getvalue(), re.MULTILINE), shown.getvalue()
