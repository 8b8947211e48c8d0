"""Names that hold what no terminal should print, and home folders."""

import pytest

from ablate.terminal.text import printable, printable_lines, without_home


def test_control_characters_are_spelled_out():
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
def test_no_home_folder_is_named(text, shown, monkeypatch):
    monkeypatch.setenv("HOME", "/srv/eve")
    monkeypatch.setenv("LOGNAME", "eve")
    assert without_home(text) == shown


def test_a_user_that_has_no_home_and_no_name(monkeypatch):
    """As a container's may that is run with the number of a user it does not know."""
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert without_home("/home/ada/images and /srv") == "~/images and /srv"
