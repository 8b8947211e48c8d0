"""Ranges of configuration keys: which values they accept, and their description."""

import math

import pytest

from ablate.config.field import Allowed


@pytest.mark.parametrize(
    ("allowed", "valid", "invalid", "text"),
    [
        (Allowed("", low=0, below=1), [0, 0.999, None], [-1e-9, 1, math.nan], "at least 0 and below 1"),
        (Allowed("", above=0, high=2), [1e-9, 2], [0, 2.1, math.inf], "above 0 and at most 2"),
        (Allowed("", choices=(18, 34)), [18], [19, 18.5], "one of 18, 34"),
        (Allowed("", low=1), [[1, 2], []], [[1, 0]], "at least 1"),
        (Allowed(""), [-1, "text", True], [math.nan], ""),
    ],
)
def test_a_range_accepts_valid_values_and_has_a_description(allowed, valid, invalid, text):
    assert all(allowed.accepts(value) for value in valid)
    assert not any(allowed.accepts(value) for value in invalid)
    assert str(allowed) == text
