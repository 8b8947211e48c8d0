"""Text made safe to print, home folders hidden, names listed and suggested."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.terminal.text import (
    by_number,
    did_you_mean,
    first_few,
    plural,
    printable,
    printable_lines,
    shortened,
    without_home,
)


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_controls_its_reader(text):
    shown = printable(text)
    assert printable(shown) == shown and "\n" not in shown
    assert {unicodedata.category(char) for char in shown}.isdisjoint(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
    assert {char for char in shown if unicodedata.category(char) == "Cf"} <= {"\u200b", "\u200c", "\u200d"}
    assert shown.replace("\\", "") or not text.replace("\\", "")


@pytest.mark.parametrize("text", ["👩\u200d🔬", "می\u200cخواهم", "5\u00a0%", "e\u0301", "猫", "\u2066".join("ab")])
def test_words_and_emoji_stay_whole(text):
    assert printable(text) == text.replace("\u2066", r"\u2066")


def test_the_middle_of_a_long_text_is_left_out():
    assert [shortened("abcdef", longest) for longest in (7, 6, 5, 2)] == ["abcdef", "abcdef", "ab…ef", "a…"]


def test_control_characters_are_escaped():
    assert printable("é 日\x1b\udcff") == r"é 日\x1b\udcff"
    assert printable_lines("a\x1b\nb") == "a\\x1b\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ablate train data.root=/home/ada/images seed=0", "ablate train data.root=~/images seed=0"),
        ("'data.root=/Users/Ada L/x'", "'data.root=~ L/x'"),
        ("/home/ada: Permission denied.", "~: Permission denied."),
        ("/srv/eve/images is empty", "~/images is empty"),
        ("/srv/eves/images", "/srv/eves/images"),
        ("see /data/home/ada and a/home/ada", "see /data/home/ada and a/home/ada"),
        (
            "data.root=/scratch/lab-2/eve/images of eve, not /scratch/evening",
            "data.root=~/images of eve, not /scratch/evening",
        ),
    ],
)
def test_home_folders_are_replaced(text, shown, monkeypatch):
    monkeypatch.setenv("HOME", "/srv/eve")
    monkeypatch.setenv("LOGNAME", "eve")
    assert without_home(text) == shown


def test_a_user_without_a_home_or_a_name(monkeypatch):
    """As in a container that runs under a numeric user it does not know."""
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert without_home("/home/ada/images and /srv") == "~/images and /srv"


@pytest.mark.parametrize(
    ("count", "text"), [(0, ""), (2, "0, 1"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 other"), (9, "0, 1, 2 and 6 others")]
)
def test_long_lists_are_shortened(count, text):
    assert first_few([str(n) for n in range(count)], 3) == text


def test_the_nearest_name_is_suggested():
    assert did_you_mean("resnt", ["vgg", "resnet"]) == " Did you mean resnet?"
    assert did_you_mean("xyz", ["vgg", "resnet"]) == ""


@pytest.mark.parametrize(
    ("count", "words", "text"),
    [
        (0, ["seed"], "0 seeds"),
        (1, ["seed"], "1 seed"),
        (2, ["seed"], "2 seeds"),
        (10_000, ["image"], "10,000 images"),
        (1, ["class has", "classes have"], "1 class has"),
        (3, ["class has", "classes have"], "3 classes have"),
    ],
)
def test_a_noun_agrees_with_its_count(count, words, text):
    assert plural(count, *words) == text


def test_a_verb_agrees_with_a_count():
    assert [by_number(count, "is", "are") for count in (0, 1, 2)] == ["are", "is", "are"]
