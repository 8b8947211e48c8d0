"""Which files are meant by paths, folders and lists."""

import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from ablate.data.image_files import find, listed
from ablate.terminal.errors import InputError


def test_a_list_may_be_apart_by_lines_or_by_zero_bytes(tmp_path, monkeypatch):
    names = ["two words.png", "ä.png", "new\nline.png"]
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for separator, taken in (("\n", names[:2]), ("\0", names)):
        content = os.fsencode(separator.join(taken) + separator)
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
        assert listed(["-"]) == taken


def test_of_a_folder_what_is_named_like_an_image_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("deep").mkdir()
    for name in ("b.PNG", "deep/a.jpeg", "notes.txt", ".hidden.png"):
        Path(name).touch()
    assert find(["."]) == ["b.PNG", "deep/a.jpeg"]
    assert "Left out, as not named like images: 'notes.txt'." in capsys.readouterr().err
    assert find(["notes.txt"]) == ["notes.txt"]  # which was named itself
    with pytest.raises(InputError, match="No such file or folder: 'c.png'. Nothing was predicted."):
        find(["b.PNG", "c.png"])
