"""Python values arrive in Hydra as what they are, whatever is in them."""

from pathlib import Path

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st

from ablate.api.overrides import words
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
def test_a_setting_is_the_word_one_would_type(settings, expected):
    assert words(["data=digits"], settings) == ["data=digits", expected]


@pytest.mark.parametrize("wrong", ["-m", "--extend", "", 3])
def test_what_is_no_override_is_refused(wrong):
    with pytest.raises(InputError, match="is no override"):
        words([wrong], {})


@pytest.mark.parametrize(
    ("value", "said"), [([], "model has no levels"), (object(), "has no word"), (1j, "has no word")]
)
def test_a_value_without_a_word_is_refused(value, said):
    with pytest.raises(InputError, match=said):
        words([], {"model": value})


def parsed(word: str):
    return OverridesParser.create().parse_override(word)


# A $ is left to Hydra, which reads ${...} in a text.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="$"))


@given(TEXT)
@example("null")
@example("1e3")
@example("a,b")
@example("it's")
@example("\\")
@example("\\'")
@example(".5")
def test_any_text_is_one_value_of_that_text(text):
    override = parsed(words([], {"data.root": text})[0])
    assert not override.is_sweep_override() and override.value() == text


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans()), min_size=2, unique_by=repr))
def test_levels_are_a_sweep_over_these_numbers(levels):
    override = parsed(words([], {"key": levels})[0])
    assert override.is_sweep_override()
    assert [parsed(f"key={text}").value() for text in override.sweep_string_iterator()] == levels
