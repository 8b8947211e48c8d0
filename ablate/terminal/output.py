"""Standard output, standard error and logs that show any text without being controlled by it.

Names and messages from files of other people may contain escape sequences, which clear a screen or make links, and
characters that a terminal's encoding lacks. Every command prints through this module or `console.Console`.
"""

import codecs
import locale
import logging
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from ablate.terminal.text import printable
from ablate.terminal.wrap import terminal_width, wrapped

READABLE = "ablate.readable"  # name of the error handler of the standard streams
# Symbols of our own messages, for terminals that lack them. Other characters are escaped, so that names stay distinct.
ASCII = {"±": "+-", "−": "-", "—": "-", "…": "...", "×": "x", "†": "+", "·": "-", "\N{NO-BREAK SPACE}": " "}
BLOCKS = "▁▂▃▄▅▆▇█"


def as_ascii(error: UnicodeError) -> tuple[str, int]:
    """Error handler of codecs: replace symbols by similar ones, blocks of a curve by digits, the rest by escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii_character, error.object[error.start : error.end])), error.end


def _ascii_character(char: str) -> str:
    if char in BLOCKS:
        return str(1 + BLOCKS.index(char))
    if "\u2500" <= char <= "\u257f":  # lines of tables
        return "-"
    return ASCII.get(char) or char.encode("unicode_escape").decode()


codecs.register_error(READABLE, as_ascii)


class Escaping:
    """A text stream that escapes control characters, except line breaks and tabs; a terminal's lines end between words.

    Args:
        stream: the stream that it writes to. The consoles of rich find it by the attribute `rich_proxied_file`, since
            their own colors are control characters; `console.Console` escapes those of its content.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        self.rich_proxied_file.write(fitted(text_lines(text), self.rich_proxied_file))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def fitted(text: str, stream: TextIO) -> str:
    """The text with its long lines broken between words if the stream is a terminal."""
    return wrapped(text, terminal_width()) if stream.isatty() else text


def text_lines(text: str) -> str:
    """Apply `printable` between line breaks and tabs."""
    if text.isprintable():
        return text
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def protect(own_code: bool) -> None:
    """Make standard output and error accept any text; called at the start of a command.

    Args:
        own_code: the command runs code of the user, whose progress bars and colors are kept. What `ablate` itself
            prints is escaped in any case.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # None if it is closed
            stream.reconfigure(errors=READABLE)
            if not own_code:
                setattr(sys, name, Escaping(stream))


def raw(stream: TextIO) -> TextIO:
    """The stream for output that another program reads: unchanged in a file or a pipe, escaped on a terminal."""
    return stream if stream.isatty() else getattr(stream, "rich_proxied_file", stream)


def use_utf8() -> None:
    """Start Python again in UTF-8 mode if the locale has another encoding, such as ASCII in a job of a cluster.

    Otherwise Python could neither read our files nor open files with non-ASCII names. The encoding of the terminal is
    kept. Worker processes inherit the settings.
    """
    if os.name != "posix" or sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name == "utf-8":
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    os.environ.setdefault("PYTHONIOENCODING", encoding)
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def report(text: str) -> None:
    """Print a message on standard error."""
    print(fitted(text, sys.stderr), file=sys.stderr)


class LogFormatter(logging.Formatter):
    """Formats messages for a terminal or a log file, with control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return text_lines(super().format(record))


class TerminalFormatter(LogFormatter):
    """Formats messages on standard error, whose lines end between words if it is a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return fitted(super().format(record), sys.stderr)
