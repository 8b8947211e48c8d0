"""Flags of the command line: none may be abbreviated, and an error is one sentence that names the flag."""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

EVERY_COMMAND = ("--help", "--debug")
NUMBER = re.compile(r"-\.?\d")  # a negative number is a value
NEAR = 0.5  # least similarity of a suggestion


class Parser(argparse.ArgumentParser):
    """The parser of one command. An error is an InputError, where argparse would print the usage and exit."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, allow_abbrev=False, **settings)
        self.add_argument("--debug", action="store_true", help="print the traceback of an error")  # see `run_command`

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the words of the command line; unknown flags are refused before missing arguments."""
        refuse_unknown(self.prog, args, self._option_string_actions)
        return super().parse_known_args(args, namespace)

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The same, with flags between the positional arguments."""
        refuse_unknown(self.prog, args, self._option_string_actions)
        return super().parse_known_intermixed_args(args, namespace)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help; argparse would ignore an error of standard output."""
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Raise InputError with argparse's message."""
        raise InputError(f"{self.prog}: {message}. {see_help(self.prog)}")


def refuse_unknown(command: str, words: Sequence[str], known: Iterable[str]) -> None:
    """Raise InputError for the first flag among the words that the command does not have.

    Args:
        command: name of the command, such as `ablate report`.
        words: the command line after it; words after `--` are not flags.
        known: its flags.
    """
    flags = {*known, *EVERY_COMMAND}
    for word in words[: words.index("--")] if "--" in words else words:
        name = word.partition("=")[0]
        attached = re.match("-[a-z]{1,2}", word) and not word.startswith("--") and {word[:2], word[:3]} & flags
        if len(word) > 1 and word[0] == "-" and name not in flags and not attached and not NUMBER.match(word):
            raise InputError(f"{command} has no option {name}.{_suggestion(name, flags)} {see_help(command)}")


def see_help(command: str) -> str:
    """The end of a message: where the options of a command are listed."""
    return f"`{command} --help` lists the options."


def _suggestion(name: str, flags: Iterable[str]) -> str:
    """Suggest the flag that `name` abbreviates, or the one that is spelled most like it."""
    typed, long = name.lstrip("-"), [flag[2:] for flag in flags if flag.startswith("--")]
    full = [flag for flag in long if flag.startswith(typed) and len(typed) > 1]
    return did_you_mean(typed, full or long, 0 if full else NEAR).replace("mean ", "mean --")
