"""Errors that are shown to the user as a message, without a traceback."""

INTERRUPTED = 130  # exit status, as in shells: 128 + SIGINT


class UserError(Exception):
    """An error whose message is complete: one or two plain sentences for the user."""

    def _render_traceback_(self) -> list[str]:
        """Show only the message in IPython, without the traceback."""
        return [f"{type(self).__name__}: {self}"]


class InputError(UserError):
    """An invalid setting, file or folder. The message states what is wrong, where, and what to do."""


class RunFailed(UserError):
    """A run started from Python ended without a result; the other runs of the call have finished."""
