"""Values in Hydra's grammar of overrides, and overrides as a shell needs them."""

import os
import re
import shlex
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

# Texts that need no quotes. Others, such as the text "null" or "1e3", would be parsed as another type.
UNQUOTED = re.compile(r"(?!(?:null|true|false|inf|nan)$)[a-z_/][\w./@%+:~-]*", re.ASCII | re.IGNORECASE)


def quoted(text: str) -> str:
    """Write a text so that Hydra parses it as this text."""
    if UNQUOTED.fullmatch(text):
        return text
    # Only backslashes before a quote and at the end need to be doubled.
    escaped = re.sub(r"(\\*)('|$)", lambda m: 2 * m[1] + ("\\'" if m[2] else ""), text)
    return f"'{escaped}'"


def unquoted(level: str) -> str:
    """The text that a level of a sweep stands for, such as `a=b` for `'a=b'`."""
    if level[:1] not in ("'", '"'):
        return level
    return str(OverridesParser.create().parse_override(f"level={level}").value())


def shell_word(word: str) -> str:
    """Write an argument so that a shell passes it on unchanged."""
    if shlex.quote(word) == word:
        return word
    # Easier to read than what `shlex.quote` makes of a word with single quotes.
    double = f'"{word}"'
    return double if not set(word) & set('"$`!\n') and shlex.split(double) == [word] else shlex.quote(word)


def advice(word: str) -> str:
    """A sentence on what to type in place of an override `key=value` that Hydra cannot parse."""
    key, _, value = word.partition("=")
    whole = f"Type {shell_word(f'{key}={quoted(value)}')}"
    if value[:1] in ("[", "{"):
        return f"{whole} for text. Write lists as [a,b], dictionaries as {{a:1}}."
    several = f"{key}={','.join(quoted(level.strip()) for level in value.split(','))}"
    if "," in value and _parses(several):
        return f"{whole} for one value, or {shell_word(several)} with -m for several."
    return f"{whole}."


def sweep_advice(word: str) -> str:
    """A sentence on what to type in place of an override with several values where one is needed."""
    key, _, value = word.partition("=")
    return f"Add -m to run each value, or type {shell_word(f'{key}={quoted(value)}')} for one value with a comma."


def _parses(word: str) -> bool:
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def refuse_undecodable(words: Sequence[str]) -> None:
    """Refuse arguments and a current folder that are not UTF-8, since the files of a run could not record them.

    Raises:
        InputError: with the command that renames the folder.
    """
    for text in (*words, os.getcwd()):
        if not text.isascii() and (renaming := renamed(text.partition("=")[2] or text)):
            raise InputError(f"{printable(text)} is not valid UTF-8, so a run cannot record it. {renaming}")


def renamed(path: str) -> str | None:
    """A sentence with the command that renames the first part of a path that is not UTF-8; None if all are."""
    parts = path.split("/")
    for position, part in enumerate(parts):
        if not _is_utf8(part):
            old, name = "/".join(parts[: position + 1]), os.fsencode(part).decode("latin-1")
            new = "/".join([*parts[:position], name if name.isprintable() else "NEW_NAME"])
            return f"Rename it: mv {_bash(old)} {shlex.quote(new)}"
    return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bash(path: str) -> str:
    r"""A path in a shell's `$'...'`, with bytes that are not ASCII as `\xe9`."""
    shown = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in os.fsencode(path)
    )
    return f"$'{shown}'"
