"""Python values keep their type and content when Hydra parses them."""

from pathlib import Path

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st

from ablate.api.overrides import to_overrides
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model": "cnn"}, "model=cnn"),
        ({"optimizer.lr": 0.1}, "optimizer.lr=0.1"),
        ({"optimizer.lr": np.float64(1e-5)}, "optimizer.lr=1e-05"),
        ({"trainer.ema": None}, "trainer.ema=null"),
        ({"trainer.compile": True}, "trainer.compile=true"),
        ({"data.root": Path("/a/b")}, "data.root=/a/b"),
        ({"data.root": "/with space"}, "data.root='/with space'"),
        ({"seed": range(3)}, "seed=0,1,2"),
        ({"seed": np.arange(2)}, "seed=0,1"),
        ({"normalization": ["batch", "none"]}, "normalization=batch,none"),
        ({"augmentation": ("flip_crop", "cutout")}, "augmentation=[flip_crop,cutout]"),
        ({"augmentation": [["flip", "crop"], "none"]}, "augmentation=[flip,crop],none"),
        ({"model.hidden": [(64,), (64, 64)]}, "model.hidden=[64],[64,64]"),
    ],
)
def test_a_setting_becomes_an_override(settings, expected):
    assert to_overrides(["data=digits"], settings) == ["data=digits", expected]


@pytest.mark.parametrize("invalid", ["-m", "--extend", "", 3])
def test_an_invalid_override_is_refused(invalid):
    with pytest.raises(InputError, match="Invalid override"):
        to_overrides([invalid], {})


@pytest.mark.parametrize(
    ("value", "message"),
    [([], "model has no levels"), (object(), "overrides do not support"), (1j, "overrides do not support")],
)
def test_an_unsupported_value_is_refused(value, message):
    with pytest.raises(InputError, match=message):
        to_overrides([], {"model": value})


def parsed(override: str):
    return OverridesParser.create().parse_override(override)


# Without $, because Hydra interpolates ${...}.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="$"))


@given(TEXT)
@example("null")
@example("1e3")
@example("a,b")
@example("it's")
@example("\\")
@example("\\'")
@example(".5")
def test_any_string_is_one_value(text):
    override = parsed(to_overrides([], {"data.root": text})[0])
    assert not override.is_sweep_override() and override.value() == text


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans()), min_size=2, unique_by=repr))
def test_a_list_is_a_sweep(levels):
    override = parsed(to_overrides([], {"key": levels})[0])
    assert override.is_sweep_override()
    assert [parsed(f"key={text}").value() for text in override.sweep_string_iterator()] == levels
