"""Errors that are shown to the user as a message, without a traceback."""

from contextlib import suppress

from ablate.terminal.text import shortened

INTERRUPTED = 130  # exit status, as in shells: 128 + SIGINT
LONGEST = 600  # characters of an error, in messages and records


class UserError(Exception):
    """An error whose message is complete: one or two plain sentences for the user."""

    def _render_traceback_(self) -> list[str]:
        """Show only the message in IPython, without the traceback."""
        return [f"{type(self).__name__}: {self}"]


class InputError(UserError):
    """An invalid setting, file or folder. The message states what is wrong, where, and what to do."""


class RunFailed(UserError):
    """A run started from Python ended without a result; the other runs of the call have finished."""


def described(error: BaseException) -> str:
    """Kind and text of any error on one line, as `ValueError: text`; only the kind if there is no text."""
    text = ""
    with suppress(Exception):  # of the error's own __str__
        text = " ".join(str(error).split())
    return shortened(f"{type(error).__name__}: {text}" if text else type(error).__name__, LONGEST)
