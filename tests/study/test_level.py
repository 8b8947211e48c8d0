"""Levels as text."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ablate.study.level import level_text


@pytest.mark.parametrize("value", [{2: 1, 10: 3}, {True: [1, None]}, {None: 1}, [{1.5: {"a": False}}]])
def test_hydra_reads_a_level_as_it_was_written(value):
    assert OverridesParser.create().parse_override(f"key={level_text(value)}").value() == value
