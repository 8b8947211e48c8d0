"""Streams, consoles and logs show any text as text, in any encoding."""

import io
import logging

import pytest
from rich.table import Table
from rich.text import Text

from ablate.terminal import output
from ablate.terminal.console import Console
from ablate.terminal.output import Escaping, LogFormatter, raw

HOSTILE = "a\x1b[2Jb\x9bc\u202ed\re\x00f\udce9"
SHOWN = r"a\x1b[2Jb\x9bc\u202ed\re\x00f\udce9"


def test_a_stream_escapes_but_keeps_lines_and_tabs():
    stream = io.StringIO()
    print(f"1\t{HOSTILE}\n2", file=Escaping(stream))
    Escaping(stream).writelines(["x\x07", "y"])
    assert stream.getvalue() == f"1\t{SHOWN}\n2\nx\\x07y"


@pytest.mark.parametrize("text", ["[red]x[/red]", "[link=http://evil]x[/link]", ":smile:", "12.5 [bold"])
@pytest.mark.parametrize("wrap", [str, Text])
def test_a_console_shows_markup_as_text(text, wrap):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="truecolor")
    table = Table(title=Text(text), box=None)
    table.add_column(text)
    table.add_row(wrap(text))
    console.print(wrap(text), table)
    shown = console.file.getvalue()
    assert shown.count(text) == 4 and "\x1b]8" not in shown


def test_a_console_escapes_its_content_but_not_its_colors():
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(Text(f"\x1b]8;;http://evil\x1b\\{HOSTILE}", style="red"))
    shown = console.file.getvalue()
    assert shown.startswith("\x1b[31m") and shown.count("\x1b") == 2  # the color, and its end
    assert r"\x1b]8;;http://evil\x1b\a\x1b[2Jb\x9bc\u202ed" in shown


def test_a_log_escapes_messages_and_tracebacks():
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (HOSTILE,), (ValueError, error, error.__traceback__))
    lines = LogFormatter("[%(levelname)s] %(message)s").format(record).split("\n")
    assert lines[0] == f"[INFO] {SHOWN}" and lines[-1] == f"ValueError: {SHOWN}" and len(lines) > 3


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"5.0 +- 0.1, -2 - \xe9 \u732b \U0001f9ea 18 ..."),
        ("latin-1", "5.0 \xb1 0.1, -2 - \xe9 \\u732b \\U0001f9ea 18 ..."),
        ("utf-8", "5.0 ± 0.1, −2 — é 猫 🧪 ▁█ …"),
    ],
)
def test_symbols_have_replacements_and_names_stay_distinct(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", None)  # closed, as in a service
    output.protect(own_code=False)
    print("5.0 ± 0.1, −2 — é 猫 🧪 ▁█ …", end="", flush=True)
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_the_colors_of_own_code_are_kept(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdout", stream)
    output.protect(own_code=True)
    print("\x1b[1m50 %\r", end="", flush=True)
    assert stream.buffer.getvalue() == b"\x1b[1m50 %\r"


def test_output_for_programs_is_raw_only_outside_of_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for inner, is_raw in ((io.StringIO(), True), (Terminal(), False)):
        stream = Escaping(inner)
        assert (raw(stream) is inner) == is_raw
