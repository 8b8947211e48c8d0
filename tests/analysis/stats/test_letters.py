"""Compact letter displays: hand-made examples, R's multcompView, and their definition."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ablate.analysis.stats import letters


def matrix(count: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    different = np.zeros((count, count), dtype=bool)
    for one, other in pairs:
        different[one, other] = different[other, one] = True
    return different


def test_hand_made_displays():
    assert letters(matrix(4, [])) == ["a"] * 4
    assert letters(matrix(3, [(0, 1), (0, 2), (1, 2)])) == ["a", "b", "c"]
    # Ordered means of which only neighbors are alike: three sets of two.
    assert letters(matrix(4, [(0, 2), (0, 3), (1, 3)])) == ["a", "ab", "bc", "c"]
    # The second treatment differs from the fourth alone: {0, 1, 2} and {0, 2, 3}.
    assert letters(matrix(4, [(1, 3)])) == ["ab", "a", "ab", "b"]
    assert letters(np.zeros((0, 0))) == [] and letters(matrix(1, [])) == ["a"]


def test_the_example_of_multcompview():
    """R: multcompLetters(c("A-B" = FALSE, "A-C" = FALSE, "B-C" = TRUE)) is A "ab", B "a", C "b"."""
    assert letters(matrix(3, [(1, 2)])) == ["ab", "a", "b"]


@given(st.integers(2, 9).flatmap(lambda k: st.tuples(st.just(k), st.lists(st.booleans(), min_size=36, max_size=36))))
def test_two_share_a_letter_exactly_if_they_do_not_differ(drawn):
    count, flags = drawn
    pairs = list(itertools.combinations(range(count), 2))
    different = matrix(count, [pair for pair, flag in zip(pairs, flags, strict=False) if flag])
    shown = [set(text) for text in letters(different)]
    assert all(bool(shown[one] & shown[other]) != different[one, other] for one, other in pairs)
    members = [{k for k in range(count) if letter in shown[k]} for letter in set().union(*shown)]
    assert not any(one < other for one in members for other in members), "a letter says nothing new"
    assert all(shown) and "a" in shown[0]
