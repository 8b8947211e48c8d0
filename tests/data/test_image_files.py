"""Which files are selected by paths, folders and lists."""

import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from ablate.data.image_files import find, listed
from ablate.terminal.errors import InputError


def test_a_list_is_separated_by_line_breaks_or_zero_bytes(tmp_path, monkeypatch):
    names = ["two words.png", "ä.png", "new\nline.png"]
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for separator, expected in (("\n", names[:2]), ("\0", names)):
        content = os.fsencode(separator.join(expected) + separator)
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
        assert listed(["-"]) == expected


def test_files_in_a_folder_are_selected_by_their_suffix(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("deep").mkdir()
    for name in ("b.PNG", "deep/a.jpeg", "notes.txt", ".hidden.png"):
        Path(name).touch()
    assert find(["."]) == ["b.PNG", "deep/a.jpeg"]
    assert "Skipped, no suffix of an image: 'notes.txt'." in capsys.readouterr().err
    assert find(["notes.txt"]) == ["notes.txt"]  # named explicitly
    with pytest.raises(InputError, match="No such file or folder: 'c.png'. Nothing was predicted."):
        find(["b.PNG", "c.png"])
