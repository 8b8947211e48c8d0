"""What `ablate test` prints and refuses."""

from pathlib import Path

import pytest

from ablate.cli import test as verb
from ablate.terminal.errors import InputError


def refused(*words: object) -> str:
    """What is said of words that are refused."""
    with pytest.raises(InputError) as refusal:
        verb([str(word) for word in words])
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def runs_of(study) -> list[Path]:
    return [study / variant / f"seed={seed}" for variant in ("baseline", "optimizer.lr=0.1") for seed in (0, 1)]
