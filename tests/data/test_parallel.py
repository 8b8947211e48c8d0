"""A function of many files, in processes."""

import os

import pytest

from ablate.data.parallel import attempts, map_files
from ablate.terminal.errors import InputError


def length(file: str) -> tuple[int, int]:
    """Length of the name, and the process that computed it."""
    if "bad" in file:
        raise ValueError(f"{file} is bad" if file != "bad" else "")
    return len(file), os.getpid()


@pytest.mark.parametrize("count", [0, 1, 64, 65, 700])
def test_results_are_in_the_order_of_the_files(count):
    files = ["x" * number for number in range(count)]
    results = list(map_files(length, files, "Reading"))
    assert [size for size, _ in results] == list(range(count))
    assert (os.getpid() in {process for _, process in results}) == (0 < count <= 64)  # few files need no other process


def test_failures_are_counted_and_the_first_five_named():
    files = [*"ab", *(f"bad{number}" for number in range(6)), "c"]
    results = map_files(length, files, "Reading")
    assert [next(results)[0] for _ in "ab"] == [1, 1]
    with pytest.raises(InputError) as error:
        next(results)
    named = "; ".join(f"bad{number} (bad{number} is bad)" for number in range(5))
    assert str(error.value) == f"6 of 9 files cannot be read as images: {named}; .... Replace or remove them."


def test_an_error_without_text_is_named_by_its_kind():
    assert list(attempts(length, ["bad"])) == [(None, "ValueError")]
